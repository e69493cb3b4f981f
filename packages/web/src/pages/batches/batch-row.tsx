import type { ReactElement } from 'react';
import type { BatchSummary } from '../../api/types.ts';
import { BatchStateLabel } from '../../components/batch-state.tsx';
import { StatusBar, StatusLegend } from '../../components/status.tsx';
import { countOpen } from '../../components/statuses.ts';
import { Ago, formatDuration } from '../../components/times.tsx';
import { navigate } from '../../router/location.ts';
import { Link } from '../../router/link.tsx';
import { toUrl } from '../../router/routes.ts';

const KINDS_SHOWN = 4;

export function BatchRow({ batch }: { batch: BatchSummary }): ReactElement {
  const { batch_id: batchId, status_counts: counts, total_tasks: total } = batch;
  const to = { page: 'batch', batchId, tab: 'graph' } as const;
  const done = total - countOpen(counts);
  const lastedMs = Date.parse(batch.latest_updated_at) - Date.parse(batch.first_created_at);
  return (
    <tr
      onClick={(event) => {
        // Links and selected text keep their meaning.
        if ((event.target as Element).closest('a') === null && getSelection()?.isCollapsed !== false)
          navigate(toUrl(to));
      }}
    >
      <td>
        <Link to={to} className="batch-link" data-batch-link>
          {batch.scope !== null && <strong>{batch.scope}</strong>}
          <code>{batchId}</code>
        </Link>
        <div className="faint batch-kinds">{describeKinds(batch.kinds)}</div>
      </td>
      <td className="batch-state">
        <BatchStateLabel counts={counts} />
      </td>
      <td className="batch-progress">
        <StatusBar counts={counts} total={total} />
        <StatusLegend counts={counts} />
      </td>
      <td className="number batch-done">
        {done.toLocaleString()} / {total.toLocaleString()}
      </td>
      <td className="batch-time">
        <Ago time={batch.first_created_at} />
        {done === total && total > 0 && (
          <div className="faint" title="From its creation to its last change">
            took {formatDuration(lastedMs)}
          </div>
        )}
      </td>
    </tr>
  );
}

function describeKinds(kinds: readonly string[]): string {
  const shown = kinds.slice(0, KINDS_SHOWN).join(', ');
  return kinds.length > KINDS_SHOWN ? `${shown} and ${kinds.length - KINDS_SHOWN} more` : shown;
}
