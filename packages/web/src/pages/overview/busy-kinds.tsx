import type { ReactElement } from 'react';
import { Link } from '../../router/link.tsx';
import type { BusyKind } from './use-overview.ts';

/** The kinds that had most to do in the last hour. */
export function BusyKinds({ kinds }: { kinds: readonly BusyKind[] }): ReactElement {
  const most = Math.max(1, ...kinds.map(({ ended }) => ended));
  return (
    <section className="card" aria-labelledby="busy-kinds">
      <h2 id="busy-kinds">Busiest kinds</h2>
      <p className="faint">Running and pending now, ended and failed in the last hour</p>
      {kinds.length === 0 ? (
        <p className="faint">No task runs, waits, or has ended in the last hour.</p>
      ) : (
        <div className="table-scroll" tabIndex={0} role="group" aria-labelledby="busy-kinds">
          <table className="table">
            <thead>
              <tr>
                <th scope="col">Kind</th>
                <th scope="col" className="number">
                  Running
                </th>
                <th scope="col" className="number">
                  Pending
                </th>
                <th scope="col" className="number">
                  Ended
                </th>
                <th scope="col" className="number">
                  Failed
                </th>
              </tr>
            </thead>
            <tbody>
              {kinds.map(({ kind, running, pending, ended, failed }) => (
                <tr key={kind}>
                  <td>
                    <Link to={{ page: 'batches' }} parameters={{ kind }} className="kind-name" title={kind}>
                      {kind}
                    </Link>
                  </td>
                  <td className="number">{running.toLocaleString()}</td>
                  <td className="number">
                    {pending === null ? (
                      <span title="Too many are pending to tell their kinds">–</span>
                    ) : (
                      pending.toLocaleString()
                    )}
                  </td>
                  <td className="number kind-ended">
                    <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
                      <rect data-status="success" width={(100 * ended) / most} height="10" />
                      <rect data-status="failure" width={(100 * failed) / most} height="10" />
                    </svg>
                    {ended.toLocaleString()}
                  </td>
                  <td className="number" data-bad={failed > 0}>
                    {failed.toLocaleString()}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
