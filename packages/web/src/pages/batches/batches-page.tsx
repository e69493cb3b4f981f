import type { ReactElement } from 'react';
import { Loaded } from '../../components/page-states.tsx';
import { StatusBar } from '../../components/status.tsx';
import { useBatches } from '../../queries/use-batches.ts';
import { Link } from '../../router/link.tsx';

export function BatchesPage(): ReactElement {
  const query = useBatches({});
  return (
    <>
      <h1>Batches</h1>
      <Loaded query={query} what="the batches">
        {({ batches }) => (
          <table className="table">
            <tbody>
              {batches.map((batch) => (
                <tr key={batch.batch_id}>
                  <td>
                    <Link to={{ page: 'batch', batchId: batch.batch_id, tab: 'graph' }}>
                      {batch.batch_id}
                    </Link>
                  </td>
                  <td>
                    <StatusBar counts={batch.status_counts} total={batch.total_tasks} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Loaded>
    </>
  );
}
