import { expect, test } from 'vitest';
import { answerAt, planTasks, readNewBatch } from './plan-tasks.ts';

const LIMITS = {
  maxTasksPerBatch: 10,
  maxDepsPerTask: 10,
  maxActionsPerTask: 10,
  skipSsrfValidation: false,
  blockedHostnames: [],
  blockedHostnameSuffixes: [],
};
const on_start = { kind: 'Webhook', params: { url: 'https://receiver.example/', verb: 'Post' } };

const answersAt = (...times: string[]) => {
  const names = ['é', '😀', 'created_at', '"'];
  const body = names.map((name, n) => ({ id: `t${n}`, name, kind: 'k', on_start }));
  const { plan } = planTasks(readNewBatch(body, LIMITS));
  if (plan.search !== null) throw new Error('there is nothing to look for');
  const { answer } = plan.write.described;
  return times.map((time) => JSON.parse(answerAt(time, plan.id, answer!).toString()));
};

test('the time is filled in for each task, and each time anew', () => {
  const [first, second] = ['2026-01-02T03:04:05.678901Z', '2026-02-03T04:05:06.789012Z'];
  const [before, after] = answersAt(first, second);
  expect(before.map((task: { created_at: string }) => task.created_at)).toEqual(Array(4).fill(first));
  expect(before.map((task: { name: string }) => task.name)).toEqual(['é', '😀', 'created_at', '"']);
  expect(after).toEqual(before.map((task: object) => ({ ...task, created_at: second })));
});

test('a time of another length is refused', () => {
  expect(() => answersAt('2026-01-02T03:04:05Z')).toThrow('does not fit');
});
