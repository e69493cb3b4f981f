import type { ReactElement, ReactNode } from 'react';
import type { Delivery } from '../../api/types.ts';
import { Ago, formatDuration, useNow } from '../../components/times.tsx';
import { Link } from '../../router/link.tsx';
import { DeliveryStatusLabel } from './delivery-status.tsx';
import { triggerName } from './delivery-words.ts';
import './deliveries.css';
import { useRetryDelivery } from './use-retries.ts';

interface DeliveryTableProps {
  /** What the rows are, for ears. */
  readonly label: string;
  readonly deliveries: readonly Delivery[];
  /** Whose they are stands around the table already. */
  readonly isOfOneTask?: boolean;
}

/** A part of the ledger. */
export function DeliveryTable({ label, deliveries, isOfOneTask = false }: DeliveryTableProps): ReactElement {
  const retry = useRetryDelivery();
  return (
    <div className="table-scroll">
      <table className="table deliveries" aria-label={label}>
        <thead>
          <tr>
            <th scope="col">Status</th>
            <th scope="col">Call</th>
            {!isOfOneTask && <th scope="col">Of</th>}
            <th scope="col" className="number">
              Attempts
            </th>
            <th scope="col">Last error</th>
            <th scope="col">Changed</th>
            <th scope="col">
              <span className="unseen">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {deliveries.map((delivery) => (
            <tr key={delivery.id}>
              <td>
                <DeliveryStatusLabel status={delivery.status} />
              </td>
              <td>
                <span title={`Idempotency-Key: ${delivery.idempotency_key}`}>{triggerName(delivery)}</span>
              </td>
              {!isOfOneTask && <td>{subjectOf(delivery)}</td>}
              <td className="number">{delivery.attempts.toLocaleString()}</td>
              <td className="delivery-error">
                {delivery.last_error ?? <span className="faint delivery-none">–</span>}
                {delivery.status === 'Pending' && <NextAttempt at={delivery.next_attempt_at} />}
              </td>
              <td className="delivery-time">
                <Ago time={delivery.updated_at} />
              </td>
              <td className="delivery-actions">
                {delivery.status === 'Exhausted' && (
                  <button
                    className="button"
                    disabled={retry.isPending && retry.variables === delivery.id}
                    onClick={() => retry.mutate(delivery.id)}
                  >
                    Retry now
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function subjectOf({ task_id: taskId, batch_id: batchId }: Delivery): ReactNode {
  if (taskId !== null) {
    return (
      <Link to={{ page: 'task', taskId }} title={taskId}>
        task <code>…{taskId.slice(-12)}</code>
      </Link>
    );
  }
  if (batchId === null) return null;
  return (
    <Link to={{ page: 'batch', batchId, tab: 'graph' }} title={batchId}>
      batch <code>…{batchId.slice(-12)}</code>
    </Link>
  );
}

/** When it is tried next, or that it waits. */
function NextAttempt({ at }: { at: string | null }): ReactElement {
  const leftMs = Date.parse(at ?? '') - useNow();
  return (
    <span className="delivery-next faint">
      {at === null
        ? 'waits until on_start has been answered'
        : leftMs > 0
          ? `next attempt in ${formatDuration(leftMs)}`
          : 'due now'}
    </span>
  );
}
