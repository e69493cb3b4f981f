import type { ReactElement } from 'react';
import type { Status, StatusCounts } from '../api/types.ts';
import { StatusIcon } from './status-icon.tsx';
import { COUNTED, countName, MEANINGS, STATUSES } from './statuses.ts';

/** A status with its icon, its colour and its word. */
export function StatusLabel({ status, count }: { status: Status; count?: number }): ReactElement {
  return (
    <span className="status" data-status={countName(status)} title={`${status}: ${MEANINGS[status]}`}>
      <StatusIcon status={status} />
      {count === undefined ? status : `${count.toLocaleString()} ${COUNTED[status]}`}
    </span>
  );
}

/** How the tasks of a batch are spread over the statuses, as a bar. */
export function StatusBar({ counts, total }: { counts: StatusCounts; total: number }): ReactElement {
  const present = STATUSES.filter((status) => counts[countName(status)] > 0);
  const text = present
    .map((status) => `${counts[countName(status)].toLocaleString()} ${COUNTED[status]}`)
    .join(', ');
  return (
    <div className="status-bar" role="img" aria-label={text === '' ? 'no tasks' : text} title={text}>
      {present.map((status) => (
        <span
          key={status}
          data-status={countName(status)}
          style={{ width: `${(100 * counts[countName(status)]) / Math.max(1, total)}%` }}
        />
      ))}
    </div>
  );
}

interface StatusLegendProps {
  readonly counts: StatusCounts;
  /** Makes a link of an item. */
  readonly linkOf?: (status: Status, item: ReactElement) => ReactElement;
}

/** The same as a list of words. */
export function StatusLegend({ counts, linkOf }: StatusLegendProps): ReactElement {
  return (
    <ul className="status-legend">
      {STATUSES.filter((status) => counts[countName(status)] > 0).map((status) => {
        const item = <StatusLabel status={status} count={counts[countName(status)]} />;
        return <li key={status}>{linkOf?.(status, item) ?? item}</li>;
      })}
    </ul>
  );
}
