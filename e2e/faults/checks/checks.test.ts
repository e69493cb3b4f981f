import { describe, expect, test } from 'vitest';
import type { Attempt, Notice, StartCall } from '../workload/history.ts';
import type { PlannedTask } from '../workload/plan.ts';
import { checkDurable, checkEnds } from './check-ends.ts';
import { checkNotices } from './check-notices.ts';
import { checkRules } from './check-rules.ts';
import { checkStarts } from './check-starts.ts';
import type { Facts, TaskRow } from './facts.ts';

// A history in which all is well, and what is found when one thing in it is not.

const planned = (name: string, rest: Partial<PlannedTask> = {}): PlannedTask => ({
  ...{ name, kind: 'free', tenant: 'north', parents: [], outcome: 'Success', workMs: 10, additions: 0 },
  failedAttempts: null,
  ...rest,
});
const needs = (name: string) => [{ name, requiresSuccess: true }];

interface Story {
  tasks: PlannedTask[];
  starts: StartCall[];
  notices: Notice[];
  attempts: Attempt[];
  rows: TaskRow[];
  batchIds: string[];
}

const call = (taskId: string, arrivedMs: number, claim = 1): StartCall => ({
  ...{ taskId, claim, attempt: 1, key: `${taskId}:start`, arrivedMs },
});
const attempt = (
  what: Attempt['what'],
  subject: string,
  sentMs: number,
  status: number | null = 200,
): Attempt => ({
  ...{ what, subject, attempt: 1, sentMs, status, doneMs: sentMs + 1 },
});
const row = (id: string, rest: Partial<TaskRow> = {}): TaskRow => ({
  ...{ id, name: id, batchId: 'batch', status: 'Success', success: 0, attempt: 1, claim: 1, reason: null },
  ...rest,
});
const notice = (subjectId: string, key: string, arrivedMs: number): Notice => ({
  ...{ subjectId, trigger: 'end', key, arrivedMs },
});

/** Two tasks after one another, the first with a counter, each called, worked on and reported once. */
const allWell = (): Story => ({
  tasks: [planned('a', { kind: 'measured', additions: 1 }), planned('b', { parents: needs('a') })],
  starts: [call('a', 10), call('b', 40)],
  attempts: [attempt('add', 'a', 15), attempt('end', 'a', 20), attempt('end', 'b', 50)],
  rows: [row('a', { success: 1 }), row('b')],
  notices: [
    notice('a', 'a:end:success', 30),
    notice('b', 'b:end:success', 60),
    notice('batch', 'batch:batch:complete', 70),
  ],
  batchIds: ['batch'],
});

function toFacts({ tasks, starts, notices, attempts, rows, batchIds }: Story): Facts {
  const taskIds = new Map(tasks.map(({ name }) => [name, name]));
  const batches = [{ plan: { name: 'plan', tasks }, id: 'batch', taskIds }];
  return {
    history: { batches, starts, notices, attempts },
    rows: new Map(rows.map((one) => [one.id, one])),
    batchIds: new Set(batchIds),
  };
}

const findAll = (story: Story, zombies = false): string[] => {
  const facts = toFacts(story);
  return [
    ...[...checkEnds(facts), ...checkDurable(facts), ...checkStarts(facts, { zombies })],
    ...[...checkNotices(facts), ...checkRules(facts)],
  ];
};

test('nothing is found where all is well', () => {
  expect(findAll(allWell())).toEqual([]);
});

describe('is found', () => {
  const cases: [string, (story: Story) => void, RegExp][] = [
    [
      'a task that was answered and is gone',
      ({ rows }) => rows.splice(1, 1),
      /b was answered, but is not there/,
    ],
    ['a task that has not ended', ({ rows }) => (rows[1] = row('b', { status: 'Running' })), /b is Running/],
    [
      'an end that nothing explains',
      ({ rows }) => (rows[1] = row('b', { status: 'Failure' })),
      /b is Failure/,
    ],
    ['a batch that was made twice', ({ batchIds }) => batchIds.push('twin'), /twin was created for nobody/],
    ['an addition that was answered and lost', ({ rows }) => (rows[0] = row('a')), /counts 0, of which 1/],
    ['an addition that was made twice', ({ rows }) => (rows[0] = row('a', { success: 2 })), /counts 2/],
    [
      'an end that was answered, and is another',
      ({ rows }) => (rows[1] = row('b', { reason: 'Timeout' })),
      /ended otherwise: Timeout/,
    ],
    [
      'a report that was refused for no reason',
      ({ attempts }) => attempts.push(attempt('end', 'b', 50, 409)),
      /refused, but is Success/,
    ],
    ['a task that ended uncalled', ({ starts }) => starts.splice(1, 1), /ended without having been called/],
    ['two calls of one claim', ({ starts }) => starts.push(call('b', 45)), /twice by one claim/],
    [
      'a claim that was never made',
      ({ starts }) => (starts[1] = call('b', 40, 7)),
      /claim 7, which it never had/,
    ],
    [
      'another key for the same task',
      ({ starts, rows }) => {
        starts.push({ ...call('b', 45, 2), key: 'b:other' });
        rows[1] = row('b', { claim: 2 });
      },
      /different keys/,
    ],
    [
      'a call long after the end',
      ({ starts, rows }) => {
        starts.push(call('b', 2000, 2));
        rows[1] = row('b', { claim: 2 });
      },
      /after its end/,
    ],
    [
      'an attempt that was never made',
      ({ starts }) => (starts[1] = { ...call('b', 40), attempt: 2 }),
      /attempt 2, which it never had/,
    ],
    [
      'the key of another attempt',
      ({ starts, rows }) => {
        starts.push({ ...call('b', 45, 2), attempt: 2 });
        rows[1] = row('b', { claim: 2, attempt: 2 });
      },
      /the same key in several attempts/,
    ],
    [
      'a task that was to be tried again',
      ({ attempts }) => (attempts[2] = { ...attempt('end', 'b', 50), isRetried: true }),
      /tried again, and was not/,
    ],
    ['a notification that never came', ({ notices }) => notices.splice(0, 1), /a:end:success never arrived/],
    ['one for no reason', ({ notices }) => notices.push(notice('a', 'a:end:failure', 35)), /for no reason/],
    [
      'one before the task was called',
      ({ notices }) => (notices[0] = notice('a', 'a:end:success', 5)),
      /before the task was called/,
    ],
  ];
  test.each(cases)('%s', (_, falsify, problem) => {
    const story = allWell();
    falsify(story);
    expect(findAll(story).join('\n')).toMatch(problem);
  });

  /** Tasks of one tenant that are at work from 10 ms on, one after the other, to 100 ms. */
  const together = (tasks: PlannedTask[]): Story => ({
    ...allWell(),
    tasks,
    starts: tasks.map(({ name }, index) => call(name, 10 + index)),
    attempts: tasks.map(({ name }) => attempt('end', name, 100)),
    rows: tasks.map(({ name }) => row(name)),
  });
  const limited = (count: number) =>
    Array.from({ length: count }, (_, index) => planned(`t${index}`, { kind: 'limited' }));
  const measured = (...additions: number[]) =>
    additions.map((n, index) => planned(`t${index}`, { kind: 'measured', additions: n }));

  test('one task too many at work', () => {
    expect(checkRules(toFacts(together(limited(3))))).toEqual([]);
    expect(checkRules(toFacts(together(limited(4)))).join()).toContain('4 of its tenant were at work');
  });

  test('too much work at once; the one that was started last may go beyond', () => {
    expect(checkRules(toFacts(together(measured(2, 3, 4))))).toEqual([]);
    expect(checkRules(toFacts(together(measured(3, 3, 1))))).toEqual([]);
    expect(checkRules(toFacts(together(measured(3, 3, 3)))).join()).toContain('6 of work was left');
  });

  test('work that was done before does not count', () => {
    const story = together(measured(3, 3, 3));
    story.attempts.push(attempt('add', 't0', 5));
    expect(checkRules(toFacts(story))).toEqual([]);
  });

  test('of a canceled task nobody knows how long it was at work', () => {
    const story = together(limited(4));
    story.rows[0] = row('t0', { status: 'Canceled' });
    expect(checkRules(toFacts(story))).toEqual([]);
  });
});

test('a call of a worker that was presumed dead may come late, and after that of the next claim', () => {
  const story = allWell();
  story.starts.push(call('b', 45, 3), call('b', 2000, 2));
  story.rows[1] = row('b', { claim: 3 });
  expect(findAll(story)).not.toEqual([]);
  expect(findAll(story, true)).toEqual([]);
});

/** A task that is called again after its first attempt. */
const triedTwice = (): Story => {
  const story = allWell();
  story.starts.push({ ...call('b', 60, 2), attempt: 2, key: 'b:start:attempt:2' });
  story.attempts[2] = { ...attempt('end', 'b', 50), isRetried: true };
  story.attempts.push({ ...attempt('end', 'b', 70), attempt: 2 });
  story.rows[1] = row('b', { claim: 2, attempt: 2 });
  return story;
};

test('a task that is tried again is called in each attempt, and counts anew', () => {
  expect(findAll(triedTwice())).toEqual([]);
  const counted = triedTwice();
  counted.attempts.push(attempt('add', 'b', 45));
  expect(findAll(counted)).toEqual([]);
  counted.attempts.push({ ...attempt('add', 'b', 65), attempt: 2 });
  expect(findAll(counted).join()).toMatch(/counts 0, of which 1/);
});
