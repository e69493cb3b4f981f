import type { ReactElement } from 'react';
import type { Attempt, Task } from '../../api/types.ts';
import { StatusLabel } from '../../components/status.tsx';
import { formatDuration } from '../../components/times.tsx';

/** The attempts of a task that are over, and how it is tried again; nothing when it has only one. */
export function TaskAttempts({ task }: { task: Task }): ReactElement | null {
  const { retry, attempt, max_attempts: most, attempts } = task;
  if (retry === null) return null;
  return (
    <section className="card" aria-labelledby="attempts">
      <h2 id="attempts">
        Attempt {attempt} of {most}
      </h2>
      <p className="faint">{policyText(retry)}</p>
      {attempts.length > 0 && (
        <ol className="attempts">
          {attempts.map((one) => (
            <li key={one.attempt} value={one.attempt}>
              <div className="row">
                <StatusLabel status={one.status} />
                <time dateTime={one.ended_at}>{new Date(one.ended_at).toLocaleString()}</time>
                <span className="faint">{ranText(one)}</span>
              </div>
              {one.failure_reason !== null && <div className="long">{one.failure_reason}</div>}
              {one.success + one.failures > 0 && (
                <div className="faint">
                  {one.success.toLocaleString()} succeeded, {one.failures.toLocaleString()} failed
                </div>
              )}
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

function ranText({ started_at: started, ended_at: ended }: Attempt): string {
  if (started === null) return 'never ran';
  return `ran ${formatDuration(Date.parse(ended) - Date.parse(started))}`;
}

const CAUSES = { failure: 'it reports a failure', timeout: 'it times out', start: 'its call fails' } as const;

function policyText(retry: NonNullable<Task['retry']>): string {
  const { backoff_secs: first, backoff_factor: factor, max_backoff_secs: most, jitter, on } = retry;
  const growth =
    factor === 1 || first >= most
      ? ''
      : `, each time ${factor} times longer, ${formatDuration(most * 1000)} at most`;
  const when = on.map((cause) => CAUSES[cause]).join(' or ');
  return `Tried again when ${when}: after ${jitter ? 'up to ' : ''}${formatDuration(Math.min(first, most) * 1000)}${growth}.`;
}
