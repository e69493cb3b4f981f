import type { ReactElement } from 'react';
import type { Task } from '../../api/types.ts';
import { StatusLabel } from '../../components/status.tsx';
import { formatDuration, useNow } from '../../components/times.tsx';

interface Moment {
  readonly name: string;
  readonly time: string;
  /** What passed before it, or since. */
  readonly note?: string;
}

/** What has happened to a task, and when. */
export function TaskHistory({ task }: { task: Task }): ReactElement {
  const now = useNow();
  return (
    <section className="card" aria-labelledby="history">
      <h2 id="history">History</h2>
      <ol className="history">
        {momentsOf(task, now).map(({ name, time, note }) => (
          <li key={name}>
            <strong>{name}</strong>
            <time dateTime={time}>{exact(time)}</time>
            {note !== undefined && <span className="faint">{note}</span>}
          </li>
        ))}
        <li>
          <StatusLabel status={task.status} />
        </li>
      </ol>
    </section>
  );
}

function momentsOf(task: Task, now: number): Moment[] {
  const at = (time: string): number => Date.parse(time);
  const { created_at: created, started_at: started, ended_at: ended, last_updated: updated } = task;
  const moments: Moment[] = [
    {
      name: 'Created',
      time: created,
      ...(started === null &&
        ended === null && { note: `waiting for ${formatDuration(now - at(created))} by now` }),
    },
  ];
  if (started !== null) {
    moments.push({
      name: 'Started',
      time: started,
      note: `waited ${formatDuration(at(started) - at(created))}`,
    });
  }
  if (ended === null && task.status === 'Running') {
    const leftMs = at(updated) + task.timeout * 1000 - now;
    moments.push({
      name: 'Last sign of life',
      time: updated,
      note: leftMs > 0 ? `times out in ${formatDuration(leftMs)} without another` : 'its time is up',
    });
  }
  if (ended !== null) {
    moments.push({
      name: 'Ended',
      time: ended,
      note: started === null ? 'never ran' : `ran ${formatDuration(at(ended) - at(started))}`,
    });
  }
  return moments;
}

const exact = (time: string): string =>
  new Date(time).toLocaleString(undefined, {
    dateStyle: 'medium',
    timeStyle: 'medium',
  });
