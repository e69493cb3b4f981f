import type { ReactElement } from 'react';
import type { Explanation, Status, Task } from '../../api/types.ts';
import { StatusLabel } from '../../components/status.tsx';
import { isEnded } from '../../components/statuses.ts';
import { formatDuration, useNow } from '../../components/times.tsx';
import { Link } from '../../router/link.tsx';
import { Occupancy } from '../overview/occupancy.tsx';
import { ruleText } from './rule-words.ts';
import { useExplanation } from './use-explanation.ts';

type WaitingFor = Explanation['waiting_for'][number];

const NOT_STARTED: readonly Status[] = ['Waiting', 'Pending', 'Paused'];

/** What holds a task back and what would free it; nothing when it has ended, or the server cannot tell. */
export function ExplanationCard({ task }: { task: Task }): ReactElement | null {
  const { data } = useExplanation(task.id, task.status);
  if (data === undefined || isEnded(task.status)) return null;
  const isHeld = NOT_STARTED.includes(data.status);
  const parents = data.waiting_for.filter(({ type }) => type === 'parent').length;
  return (
    <section
      className="card explanation"
      aria-labelledby="explanation"
      data-status={data.status.toLowerCase()}
    >
      <h2 id="explanation">{isHeld ? 'Why it has not started' : 'What it is doing'}</h2>
      <p className="explanation-frees">{readableTimes(data.frees)}.</p>
      {data.waiting_for.length > 0 && (
        <ul className="waits">
          {data.waiting_for.map((wait, index) => (
            // The order is part of what is said.
            // oxlint-disable-next-line react/no-array-index-key
            <li key={index}>
              <Wait wait={wait} />
            </li>
          ))}
          {data.open_parents > parents && (
            <li className="faint">and {(data.open_parents - parents).toLocaleString()} more parents</li>
          )}
        </ul>
      )}
    </section>
  );
}

function Wait({ wait }: { wait: WaitingFor }): ReactElement {
  switch (wait.type) {
    case 'parent':
      return (
        <>
          <span>Its parent </span>
          <Named task={wait} />
          {wait.requires_success ? ' must succeed' : ' must end'}
        </>
      );
    case 'rule':
      return <FullRule wait={wait} />;
    case 'paused':
      return <>It is paused, until somebody resumes it</>;
    case 'metadata':
      return (
        <>
          {wait.field === 'expected_count' ? 'Its ' : 'Its metadata lacks '}
          <code>{wait.field}</code>
          {wait.field === 'expected_count'
            ? ' is not set, which a rule needs'
            : ', which a rule looks at'}: {ruleText(wait.rule)}
        </>
      );
    case 'origin':
      return <HeldOrigin wait={wait} />;
    case 'retry':
      return <NextAttempt wait={wait} />;
    case 'worker':
      return <>No worker is alive</>;
  }
}

function FullRule({ wait }: { wait: Extract<WaitingFor, { type: 'rule' }> }): ReactElement {
  const { rule, occupancy, limit, holders, position } = wait;
  return (
    <>
      <div>
        {wait.occupancy_is_minimum === true
          ? 'What a rule looks at is still being counted'
          : 'A rule is full'}
        : {ruleText(rule)} <Occupancy occupancy={occupancy} limit={limit} />
      </div>
      {position !== null && (
        <div>
          It is number {position.toLocaleString()}
          {wait.position_is_minimum === true && ' or later'} in the queue
        </div>
      )}
      {holders.length > 0 && (
        <div className="holders">
          <span className="faint">Held by</span>
          {holders.map((holder) => (
            <Named key={holder.id} task={holder} />
          ))}
          {occupancy > holders.length && rule.type !== 'Capacity' && (
            <span className="faint">and {(occupancy - holders.length).toLocaleString()} more</span>
          )}
        </div>
      )}
    </>
  );
}

function HeldOrigin({ wait }: { wait: Extract<WaitingFor, { type: 'origin' }> }): ReactElement {
  const now = useNow();
  if (wait.reason === 'full' || wait.probe_at === undefined) {
    return (
      <>
        The workers have as many calls open to <code>{wait.origin}</code> as they may
      </>
    );
  }
  const leftMs = Date.parse(wait.probe_at) - now;
  return (
    <>
      <code>{wait.origin}</code> does not answer, so it is not called.{' '}
      {leftMs > 0 ? `One call tries again in ${formatDuration(leftMs)}` : 'One call tries again now'}
    </>
  );
}

function NextAttempt({ wait }: { wait: Extract<WaitingFor, { type: 'retry' }> }): ReactElement {
  const leftMs = Date.parse(wait.next_attempt_at) - useNow();
  return (
    <>
      Its last attempt failed; attempt {wait.attempt} of {wait.max_attempts}{' '}
      {leftMs > 0 ? `may start in ${formatDuration(leftMs)}` : 'may start now'}
    </>
  );
}

interface NamedTask {
  readonly id: string;
  readonly name: string;
  readonly status: Status;
}

function Named({ task }: { task: NamedTask }): ReactElement {
  return (
    <span className="named">
      <Link to={{ page: 'task', taskId: task.id }}>{task.name}</Link> <StatusLabel status={task.status} />
    </span>
  );
}

/** The times in a sentence of the server, as the reader's clock has them. */
const readableTimes = (text: string): string =>
  text.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (time) => new Date(time).toLocaleString());
