import type { ReactElement, ReactNode } from 'react';
import type { Task } from '../../api/types.ts';
import { CopyButton } from '../../components/copy-button.tsx';
import { Loaded } from '../../components/page-states.tsx';
import { StatusLabel } from '../../components/status.tsx';
import { isEnded } from '../../components/statuses.ts';
import { useTitle } from '../../components/title.ts';
import { useTask } from '../../queries/use-task.ts';
import { Link } from '../../router/link.tsx';
import { ExplanationCard } from './explanation-card.tsx';
import { JsonView } from './json-view.tsx';
import { ruleText } from './rule-words.ts';
import { TaskActions } from './task-actions.tsx';
import { TaskAttempts } from './task-attempts.tsx';
import { TaskDeliveries } from './task-deliveries.tsx';
import { TaskHistory } from './task-history.tsx';
import { TaskProgress } from './task-progress.tsx';
import { WebhookActions } from './webhook-actions.tsx';
import './task.css';

/** Everything of a task, and why it has not started. */
export default function TaskPage({ taskId }: { taskId: string }): ReactElement {
  return (
    <Loaded query={useTask(taskId)} what="the task">
      {(task) => <Shown task={task} />}
    </Loaded>
  );
}

function Shown({ task }: { task: Task }): ReactElement {
  useTitle(`${task.name} · ${task.status}`);
  return (
    <>
      <nav aria-label="Where it belongs">
        <Link to={{ page: 'batch', batchId: task.batch_id, tab: 'graph' }}>
          Batch <code>{task.batch_id}</code>
        </Link>
      </nav>
      <div className="page-head">
        <div className="row task-title">
          <h1>{task.name}</h1>
          <StatusLabel status={task.status} />
        </div>
        <TaskActions task={task} />
      </div>
      {task.failure_reason !== null && (
        <p className="card failure-reason" role="note">
          <strong>{reasonTitle(task)}:</strong> {task.failure_reason}
        </p>
      )}
      <ExplanationCard task={task} />
      <div className="task-columns">
        <TaskHistory task={task} />
        <Facts task={task} />
        <TaskProgress task={task} />
        <TaskAttempts task={task} />
        <Rules task={task} />
      </div>
      <TaskDeliveries taskId={task.id} />
      <div className="task-columns" data-width="wide">
        <section className="card" aria-labelledby="metadata">
          <h2 id="metadata">Metadata</h2>
          {task.metadata === null ? (
            <p className="faint">It has none.</p>
          ) : (
            <JsonView value={task.metadata} label="Metadata" />
          )}
        </section>
        <WebhookActions actions={task.actions} />
      </div>
    </>
  );
}

function reasonTitle({ status }: Task): string {
  if (status === 'Canceled') return 'Why it was canceled';
  return isEnded(status) ? 'Why it failed' : 'Why the last attempt failed';
}

function Facts({ task }: { task: Task }): ReactElement {
  return (
    <section className="card" aria-labelledby="facts">
      <h2 id="facts">Facts</h2>
      <dl className="facts">
        <Fact name="Id">
          <code>{task.id}</code> <CopyButton text={task.id} label="Copy" />
        </Fact>
        {task.rerun_of !== null && (
          <Fact name="Runs again">
            <Link to={{ page: 'task', taskId: task.rerun_of }}>An earlier task</Link>
          </Fact>
        )}
        <Fact name="Kind">{task.kind}</Fact>
        <Fact name="Priority">{task.priority}</Fact>
        <Fact name="Timeout">{task.timeout.toLocaleString()} s without a sign of life</Fact>
        {task.dead_end_barrier && (
          <Fact name="Dead ends">It stops them: its parents are not canceled because of it</Fact>
        )}
      </dl>
    </section>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }): ReactElement {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Rules({ task }: { task: Task }): ReactElement {
  return (
    <section className="card" aria-labelledby="rules">
      <h2 id="rules">Rules</h2>
      {task.rules.length === 0 ? (
        <p className="faint">It has none: it starts as soon as its parents and a worker allow.</p>
      ) : (
        <ul className="rules">
          {task.rules.map((rule, index) => (
            // Two may be the same.
            // oxlint-disable-next-line react/no-array-index-key
            <li key={index}>{ruleText(rule)}</li>
          ))}
        </ul>
      )}
    </section>
  );
}
