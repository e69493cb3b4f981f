import { describe, expect, test } from 'vitest';
import { OPEN_STATUSES, TASK_STATUSES, TERMINAL_STATUSES, isTerminal, isUnsuccessful } from './status.ts';
import { allowedPairs, isAllowed, TRANSITIONS, type TaskEvent } from './transitions.ts';

/** Rows: from; columns: to. Written out from the lifecycle in the documentation, not computed. */
const MATRIX = `
          Waiting  Pending  Claimed  Running  Success  Failure  Paused   Canceled
Waiting   -        yes      -        -        -        yes      yes      yes
Pending   -        -        yes      -        yes      yes      yes      yes
Claimed   -        yes      -        yes      yes      yes      -        yes
Running   -        yes      -        -        yes      yes      -        yes
Success   -        -        -        -        -        -        -        -
Failure   -        -        -        -        -        -        -        -
Paused    yes      yes      -        -        yes      yes      -        yes
Canceled  -        -        -        -        -        -        -        -
`;

const [header, ...lines] = MATRIX.trim()
  .split('\n')
  .map((line) => line.trim().split(/\s+/));
const expected = new Map(
  lines.flatMap(([from, ...cells]) =>
    cells.map((cell, column) => [`${from} → ${header![column]}`, cell === 'yes']),
  ),
);

describe('the lifecycle', () => {
  // proves: lifecycle/terminal-for-ever
  test('is written out for every pair of states', () => {
    expect(expected.size).toBe(TASK_STATUSES.length ** 2);
  });

  // proves: lifecycle/terminal-for-ever
  test.each(TASK_STATUSES.flatMap((from) => TASK_STATUSES.map((to) => [from, to] as const)))(
    '%s → %s',
    (from, to) => {
      expect(isAllowed(from, to)).toBe(expected.get(`${from} → ${to}`));
    },
  );

  test('allowedPairs lists exactly the allowed ones', () => {
    const pairs = allowedPairs().map(([from, to]) => `${from} → ${to}`);
    expect(new Set(pairs).size).toBe(pairs.length);
    expect(pairs.toSorted()).toEqual(
      [...expected].flatMap(([pair, isYes]) => (isYes ? [pair] : [])).toSorted(),
    );
  });

  // proves: lifecycle/claimed-ended, lifecycle/running-ended, lifecycle/handed-back-ended,
  // lifecycle/canceled, lifecycle/stop
  test.each<[TaskEvent, readonly string[], readonly string[], readonly string[]]>([
    ['release', ['Waiting'], [], ['Pending']],
    ['cascade', ['Waiting', 'Paused'], [], ['Failure']],
    ['claim', ['Pending'], [], ['Claimed']],
    ['start', ['Claimed'], [], ['Running']],
    ['handBack', ['Claimed'], [], ['Pending']],
    ['failStart', ['Claimed'], [], ['Failure']],
    ['report', ['Claimed', 'Running'], ['Pending', 'Paused'], ['Success', 'Failure']],
    ['timeOut', ['Running'], [], ['Failure']],
    ['pause', ['Waiting', 'Pending'], [], ['Paused']],
    ['resume', ['Paused'], [], ['Waiting', 'Pending']],
    ['cancel', ['Waiting', 'Pending', 'Claimed', 'Running', 'Paused'], [], ['Canceled']],
  ])('%s leads from %j (handed back: %j) to %j', (event, from, fromHandedBack, to) => {
    const transition = TRANSITIONS[event];
    expect([...transition.from].toSorted()).toEqual(from.toSorted());
    expect('fromHandedBack' in transition ? transition.fromHandedBack : []).toEqual(fromHandedBack);
    expect(transition.to).toEqual(to);
  });

  // proves: lifecycle/terminal-for-ever
  test('no event leads out of a terminal state', () => {
    const origins = allowedPairs().map(([from]) => from);
    expect(origins.filter((from) => isTerminal(from))).toEqual([]);
  });
});

describe('states', () => {
  test('are open or terminal', () => {
    expect([...OPEN_STATUSES, ...TERMINAL_STATUSES].toSorted()).toEqual([...TASK_STATUSES].toSorted());
    expect(OPEN_STATUSES).toEqual(['Waiting', 'Pending', 'Claimed', 'Running', 'Paused']);
  });

  // proves: lifecycle/canceled-children
  test('children see Failure and Canceled as unsuccessful', () => {
    expect(TASK_STATUSES.filter(isUnsuccessful)).toEqual(['Failure', 'Canceled']);
  });
});
