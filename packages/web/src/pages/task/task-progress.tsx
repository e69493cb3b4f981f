import type { ReactElement } from 'react';
import type { Task } from '../../api/types.ts';

/** What a task has counted, of what it expects. */
export function TaskProgress({ task }: { task: Task }): ReactElement {
  const { success, failures, expected_count: expected } = task;
  const whole = Math.max(1, expected ?? 0, success + failures);
  const done = Math.min(100, Math.floor((100 * (success + failures)) / Math.max(1, expected ?? 0)));
  return (
    <section className="card" aria-labelledby="progress">
      <h2 id="progress">Progress</h2>
      {expected !== null && (
        <svg className="progress" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
          <rect className="progress-whole" width="100" height="4" />
          <rect data-status="success" width={(100 * success) / whole} height="4" />
          <rect
            data-status="failure"
            x={(100 * success) / whole}
            width={(100 * failures) / whole}
            height="4"
          />
        </svg>
      )}
      {expected === null && success + failures === 0 ? (
        <p className="faint">Nothing has been counted.</p>
      ) : (
        <p>
          <strong>{success.toLocaleString()}</strong> succeeded, <strong>{failures.toLocaleString()}</strong>{' '}
          failed
          {expected !== null && `, ${done} % of ${expected.toLocaleString()}`}
        </p>
      )}
    </section>
  );
}
