import { expect, test } from 'vitest';
import { recordClaim, recordRun, taskTraceparent, type TracedTask } from './task-spans.ts';
import type { SpanStart, Tracing } from './tracing.ts';

const BATCH = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
const TASK: TracedTask = {
  id: '0190c2a5-0000-7000-8123-456789abcdef',
  batchId: '0190c2a5-0000-7000-8000-000000000002',
  kind: 'etl',
  traceparent: BATCH,
  parents: ['0190c2a5-0000-7000-9111-111111111111'],
  status: 'Failure',
  updatedMs: 1000,
  startedMs: 2000,
  endedMs: 3000,
};
const OF_TASK = `00-${'a'.repeat(32)}-8123456789abcdef-01`;

/** What is recorded, and when it ended. */
function recorded(record: (tracing: Tracing) => void) {
  const spans: (SpanStart & { endedMs?: number | undefined; failure?: string })[] = [];
  record({
    start: (span: SpanStart) => {
      const seen: (typeof spans)[number] = { ...span };
      spans.push(seen);
      return {
        end: (endedMs?: number) => (seen.endedMs = endedMs),
        fail: (reason: string) => (seen.failure = reason),
      };
    },
  } as unknown as Tracing);
  expect(spans).toHaveLength(1);
  return spans[0]!;
}

// proves: traces/one-trace
test('the span of a task has an id that is known from its own', () => {
  expect(taskTraceparent(BATCH, TASK.id)).toBe(OF_TASK);
});

// proves: traces/one-trace
test('the first claim stands for the task, a later one is part of it', () => {
  const round = `00-${'c'.repeat(32)}-${'d'.repeat(16)}-01`;
  const first = recorded((tracing) => recordClaim(tracing, TASK, { claim: 1, round }));
  expect(first).toMatchObject({
    parent: BATCH,
    spanId: '8123456789abcdef',
    links: [`00-${'a'.repeat(32)}-9111111111111111-01`, round],
    beganMs: 1000,
  });
  const second = recorded((tracing) => recordClaim(tracing, TASK, { claim: 2, round: undefined }));
  expect(second).toMatchObject({ parent: OF_TASK, attributes: { 'arcrun.claim': 2 } });
  expect(second.spanId).toBeUndefined();
  // A round that is not recorded cannot be looked at.
  const unseen = recorded((tracing) =>
    recordClaim(tracing, TASK, { claim: 2, round: round.replace(/1$/, '0') }),
  );
  expect(unseen.links).toHaveLength(1);
});

test('a clock that goes after the database makes no span that ends before it began', () => {
  const task = { ...TASK, updatedMs: Date.now() + 60_000 };
  const { beganMs, endedMs } = recorded((tracing) =>
    recordClaim(tracing, task, { claim: 1, round: undefined }),
  );
  expect(beganMs).toBeLessThanOrEqual(endedMs!);
});

test('a run is the time in Running; of a task that never ran, the moment of its end', () => {
  const run = recorded((tracing) => recordRun(tracing, TASK, [BATCH]));
  expect(run).toMatchObject({ parent: OF_TASK, links: [BATCH], beganMs: 2000, endedMs: 3000 });
  expect(run.failure).toBe('the task failed');
  const never = { ...TASK, startedMs: null, status: 'Canceled' };
  const canceled = recorded((tracing) => recordRun(tracing, never, []));
  expect([canceled.beganMs, canceled.endedMs, canceled.failure]).toEqual([3000, 3000, undefined]);
});
