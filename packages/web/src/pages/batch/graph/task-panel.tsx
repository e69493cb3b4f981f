import type { ReactElement } from 'react';
import type { BasicTask } from '../../../api/types.ts';
import { StatusLabel } from '../../../components/status.tsx';
import { formatDuration, useNow } from '../../../components/times.tsx';
import { Link } from '../../../router/link.tsx';
import { TaskButtons } from '../actions/task-buttons.tsx';
import type { GraphIndex } from './graph-index.ts';
import { taskProgress } from './node-data.ts';

const NEIGHBOURS_SHOWN = 12;

interface TaskPanelProps {
  readonly task: BasicTask;
  readonly tasks: readonly BasicTask[];
  readonly index: GraphIndex;
  readonly onChoose: (id: string | undefined) => void;
}

/** The chosen task beside the graph: how it stands, what is around it, and what can be done. */
export function TaskPanel({ task, tasks, index, onChoose }: TaskPanelProps): ReactElement {
  const position = index.positionOf.get(task.id) ?? -1;
  const progress = taskProgress(task);
  return (
    <aside className="panel" aria-label="The chosen task">
      <div className="panel-head">
        <h2 className="long" title={task.name}>
          {task.name}
        </h2>
        <button className="button" data-look="plain" aria-label="Close" onClick={() => onChoose(undefined)}>
          ×
        </button>
      </div>
      <div className="row">
        <StatusLabel status={task.status} />
        <span className="faint long">{task.kind}</span>
      </div>
      <dl className="facts">
        <dt>Waited</dt>
        <dd>
          <Span from={task.created_at} to={task.started_at ?? task.ended_at} />
        </dd>
        <dt>Ran</dt>
        <dd>{task.started_at === null ? '–' : <Span from={task.started_at} to={task.ended_at} />}</dd>
        <dt>Counted</dt>
        <dd>
          {task.success.toLocaleString()} successes, {task.failures.toLocaleString()} failures
          {task.expected_count !== null && ` of ${task.expected_count.toLocaleString()}`}
          {progress !== null && ` (${Math.round(100 * progress)} %)`}
        </dd>
        {task.max_attempts > 1 && (
          <>
            <dt>Attempt</dt>
            <dd>
              {task.attempt} of {task.max_attempts}
            </dd>
          </>
        )}
        {task.priority !== 0 && (
          <>
            <dt>Priority</dt>
            <dd>{task.priority}</dd>
          </>
        )}
      </dl>
      <TaskButtons tasks={[task]} />
      <Link to={{ page: 'task', taskId: task.id }}>
        {task.status === 'Waiting' || task.status === 'Pending'
          ? 'Why it has not started'
          : 'Everything about it'}{' '}
        →
      </Link>
      <Neighbours title="Needs" positions={index.parents[position] ?? []} tasks={tasks} onChoose={onChoose} />
      <Neighbours
        title="Needed by"
        positions={index.children[position] ?? []}
        tasks={tasks}
        onChoose={onChoose}
      />
    </aside>
  );
}

/** A span of time that goes on while it has no end. */
function Span({ from, to }: { from: string; to: string | null }): string {
  const now = useNow();
  return formatDuration((to === null ? now : Date.parse(to)) - Date.parse(from));
}

interface NeighboursProps {
  readonly title: string;
  readonly positions: readonly number[];
  readonly tasks: readonly BasicTask[];
  readonly onChoose: (id: string) => void;
}

function Neighbours({ title, positions, tasks, onChoose }: NeighboursProps): ReactElement | null {
  if (positions.length === 0) return null;
  return (
    <section>
      <h3>
        {title} {positions.length.toLocaleString()}
      </h3>
      <ul className="neighbours">
        {positions.slice(0, NEIGHBOURS_SHOWN).map((position) => {
          const { id, name, status } = tasks[position]!;
          return (
            <li key={id}>
              <button className="button" data-look="plain" onClick={() => onChoose(id)}>
                <StatusLabel status={status} />
                <span className="cut">{name}</span>
              </button>
            </li>
          );
        })}
      </ul>
      {positions.length > NEIGHBOURS_SHOWN && (
        <p className="faint">and {(positions.length - NEIGHBOURS_SHOWN).toLocaleString()} more</p>
      )}
    </section>
  );
}
