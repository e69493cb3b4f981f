import { expect, test } from 'vitest';
import { explain, QUEUE_COUNTED, type TaskFacts } from './explain.ts';
import type { Rule } from './rules.ts';

const rule: Rule = {
  type: 'Concurency',
  max_concurency: 2,
  matcher: { status: 'Waiting', kind: 'etl', fields: ['a', 'b', 'c'] },
};
const pending = {
  status: 'Pending',
  kind: 'etl',
  open_parents: 0,
  parents: [],
  rules: [],
  breaker: null,
  has_workers: true,
  are_workers_full: false,
  full_origin: null,
  backoff: null,
} as const satisfies TaskFacts;
const fullRule = { rule, missing_fields: [], is_uncounted: false, occupancy: 3, is_full: true, holders: [] };

test('all that is in the way, in one sentence', () => {
  const { waiting_for: waitingFor, frees } = explain({
    ...pending,
    rules: [
      { ...fullRule, before: 0 },
      { ...fullRule, is_full: false },
    ],
    breaker: { origin: 'https://r.example', probe_at: '2026-01-02T03:04:05Z' },
    has_workers: false,
  });
  expect(waitingFor.map(({ type }) => type)).toEqual(['rule', 'origin', 'worker']);
  expect(frees).toBe(
    'It starts when there are fewer than 2 Waiting tasks of kind "etl" with the same a, b and c (now 3), ' +
      'https://r.example answers again, which is tried at 2026-01-02T03:04:05Z and a worker is alive',
  );
});

test('an attempt that failed, and the one that is to come', () => {
  const backoff = {
    attempt: 2,
    max_attempts: 3,
    next_attempt_at: '2026-01-02T03:04:05Z',
    failure_reason: 'exit code 2',
  };
  const due = 'attempt 2 of 3 is due at 2026-01-02T03:04:05Z (exit code 2)';
  const { waiting_for: waitingFor, frees } = explain({ ...pending, backoff });
  expect(waitingFor).toEqual([{ type: 'retry', ...backoff }]);
  expect(frees).toBe(`It starts when ${due}`);
  const paused = explain({ ...pending, status: 'Paused', backoff });
  expect(paused.waiting_for.map(({ type }) => type)).toEqual(['paused', 'retry']);
  expect(paused.frees).toBe(`It starts when it is resumed and ${due}`);
});

test('a queue that is too long to be counted', () => {
  const { waiting_for: waitingFor, frees } = explain({
    ...pending,
    rules: [{ ...fullRule, before: QUEUE_COUNTED + 1 }],
  });
  expect(waitingFor).toMatchObject([{ position: QUEUE_COUNTED + 2, position_is_minimum: true }]);
  expect(frees).toContain(`(now 3, and more than ${QUEUE_COUNTED} wait before it)`);
});

test('a rule whose tasks are still being counted', () => {
  const { waiting_for: waitingFor, frees } = explain({
    ...pending,
    rules: [{ ...fullRule, occupancy: 1, is_full: false, is_being_counted: true }],
  });
  expect(waitingFor).toMatchObject([{ type: 'rule', occupancy: 1, limit: 2, occupancy_is_minimum: true }]);
  expect(frees).toContain('(1 so far, which is still being counted)');
});

test('a task that is in no queue has no position in it', () => {
  const missing = { rule, missing_fields: ['x'], is_uncounted: false };
  const { waiting_for: waitingFor } = explain({
    ...pending,
    rules: [missing, { ...fullRule, before: null }],
  });
  expect(waitingFor).toMatchObject([
    { type: 'metadata', field: 'x' },
    { type: 'rule', position: null },
  ]);
});

test('what only a start would need is no matter before it is Pending', () => {
  const { waiting_for: waitingFor } = explain({
    ...pending,
    status: 'Paused',
    breaker: { origin: 'https://r.example', probe_at: '2026-01-02T03:04:05Z' },
    has_workers: false,
  });
  expect(waitingFor).toEqual([{ type: 'paused' }]);
});

// proves: http/explain-origin
test('a full origin, and workers that are full, matter when nothing else is in the way', () => {
  const origin = 'https://r.example';
  const full = explain({ ...pending, full_origin: origin });
  expect(full.waiting_for).toEqual([{ type: 'origin', origin, reason: 'full' }]);
  expect(full.frees).toBe(
    `It starts when a call to ${origin} is answered, since each worker has as many open to it as it may`,
  );
  const busy = explain({ ...pending, full_origin: origin, are_workers_full: true });
  expect(busy.waiting_for).toEqual([]);
  expect(busy.frees).toBe('It starts when a call is answered: each worker has as many open as it may');
  const blocked = explain({ ...pending, full_origin: origin, rules: [{ ...fullRule, before: 0 }] });
  expect(blocked.waiting_for).toMatchObject([{ type: 'rule' }]);
});

test.each([
  ['etl', 1, 'there is no Waiting task of kind "etl"'],
  ['etl', 3, 'there are fewer than 3 Waiting tasks of kind "etl"'],
  ['mail', 0, 'there is no Waiting task of kind "mail"'],
  ['mail', 3, 'there are at most 3 Waiting tasks of kind "mail"'],
])('a limit on its own kind and on another: %s %i', (kind, limit, sentence) => {
  const about: Rule = { ...rule, max_concurency: limit, matcher: { ...rule.matcher, kind, fields: [] } };
  const { frees } = explain({ ...pending, rules: [{ ...fullRule, rule: about, before: 0 }] });
  expect(frees).toBe(`It starts when ${sentence} (now 3)`);
});

test('parents that must succeed, or only end', () => {
  const parent = { id: 'p', name: 'p', kind: 'k', status: 'Running' } as const;
  const whenOf = (isRequired: boolean, count: number) =>
    explain({
      ...pending,
      status: 'Waiting',
      open_parents: count,
      parents: Array.from({ length: count }, () => ({ ...parent, requires_success: isRequired })),
    }).frees;
  expect(whenOf(true, 1)).toBe('It starts when its parent "p" has succeeded');
  expect(whenOf(false, 1)).toBe('It starts when its parent "p" has ended');
  expect(whenOf(true, 2)).toBe(
    'It starts when its parents "p" and "p" have ended, the required ones as Success',
  );
  expect(whenOf(false, 4)).toBe('It starts when its parents "p", "p", "p" and 1 more have ended');
});
