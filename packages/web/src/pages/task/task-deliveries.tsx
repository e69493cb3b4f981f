import type { ReactElement } from 'react';
import { Loaded } from '../../components/page-states.tsx';
import { useDeliveries } from '../../queries/use-deliveries.ts';
import { Link } from '../../router/link.tsx';
import { DeliveryTable } from '../deliveries/delivery-table.tsx';

/** The notifications of one task, with attempts and errors. */
export function TaskDeliveries({ taskId }: { taskId: string }): ReactElement {
  const query = useDeliveries({ task_id: taskId });
  return (
    <section className="card" aria-labelledby="deliveries">
      <h2 id="deliveries">Deliveries</h2>
      <Loaded query={query} what="the deliveries">
        {({ deliveries, next }) =>
          deliveries.length === 0 ? (
            <p className="faint">No notification of this task has been recorded.</p>
          ) : (
            <>
              <DeliveryTable label="Deliveries of this task" deliveries={deliveries} isOfOneTask />
              {next !== null && (
                <p>
                  <Link to={{ page: 'deliveries' }} parameters={{ of_task: taskId }}>
                    All of them
                  </Link>
                </p>
              )}
            </>
          )
        }
      </Loaded>
    </section>
  );
}
