import type { ReactElement } from 'react';
import { formatDuration } from '../../components/times.tsx';
import type { Worker } from './use-overview.ts';

/** Who does the work, and what each has in hand. */
export function Workers({ workers, now }: { workers: readonly Worker[]; now: number }): ReactElement {
  return (
    <section className="card" aria-labelledby="workers">
      <h2 id="workers">Workers</h2>
      {workers.length === 0 ? (
        <p className="faint">
          No worker is alive: nothing starts and nothing is delivered. Start one with{' '}
          <code>node packages/worker</code>.
        </p>
      ) : (
        <div className="table-scroll" tabIndex={0} role="group" aria-labelledby="workers">
          <table className="table">
            <thead>
              <tr>
                <th scope="col">Worker</th>
                <th scope="col">State</th>
                <th scope="col" className="number">
                  Calls
                </th>
                <th scope="col" className="number">
                  Delivers
                </th>
              </tr>
            </thead>
            <tbody>
              {workers.map((worker) => (
                <Row key={worker.id} worker={worker} now={now} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Row({ worker, now }: { worker: Worker; now: number }): ReactElement {
  const leftMs = Date.parse(worker.lease_until) - now;
  return (
    <tr>
      <td>
        <span title={worker.id}>
          {worker.host} <span className="faint">process {worker.pid}</span>
        </span>
      </td>
      <td data-bad={leftMs < 0}>
        {leftMs < 0
          ? `gone, its lease ran out ${formatDuration(-leftMs)} ago`
          : `alive for ${formatDuration(now - Date.parse(worker.started_at))}`}
      </td>
      <td className="number">{worker.claimed.toLocaleString()}</td>
      <td className="number">{worker.delivering.toLocaleString()}</td>
    </tr>
  );
}
