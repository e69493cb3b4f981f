import { expect, test } from 'vitest';
import { answerAt, planTasks, readNewBatch } from './plan-tasks.ts';

const LIMITS = {
  maxTasksPerBatch: 10_000,
  maxDepsPerTask: 10,
  maxActionsPerTask: 10,
  skipSsrfValidation: false,
  blockedHostnames: [],
  blockedHostnameSuffixes: [],
};
const on_start = { kind: 'Webhook', params: { url: 'https://receiver.example/', verb: 'Post' } };

const answersAt = async (names: readonly string[], ...times: string[]) => {
  const body = names.map((name, n) => ({ id: `t${n}`, name, kind: 'k', on_start }));
  const { plan } = planTasks(readNewBatch(body, LIMITS));
  if (plan.search !== null) throw new Error('there is nothing to look for');
  const { answer } = plan.write.described;
  return Promise.all(
    times.map(async (time) => JSON.parse((await answerAt(time, plan.id, answer!)).toString())),
  );
};

test.each([
  ['few', ['é', '😀', 'created_at', '"']],
  // Longer than one slice, and the marks stand at every offset from the ends of slices.
  ['many', Array.from({ length: 5000 }, (_, n) => 'x'.repeat(1 + (n % 29)))],
])('the time is filled in for each of %s tasks, and each time anew', async (_, names) => {
  const [first, second] = ['2026-01-02T03:04:05.678901Z', '2026-02-03T04:05:06.789012Z'];
  const [before, after] = await answersAt(names, first, second);
  expect(new Set(before.map((task: { created_at: string }) => task.created_at))).toEqual(new Set([first]));
  expect(before.map((task: { name: string }) => task.name)).toEqual(names);
  expect(after).toEqual(before.map((task: object) => ({ ...task, created_at: second })));
});

test('a time of another length is refused', async () => {
  await expect(answersAt(['a'], '2026-01-02T03:04:05Z')).rejects.toThrow('does not fit');
});
