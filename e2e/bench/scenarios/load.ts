import { type NewTask, webhook } from '@arcrun/client';
import type { Answer } from '../parties/generator.ts';
import type { HttpRequest } from '../parties/keep-alive-client.ts';
import type { System } from '../system/start-system.ts';

/** What the receiver does with the call of a task: reports Success, soon or at once, or nothing. */
export type Work =
  | '/end'
  | `/end?after=${number}`
  | `/end?after=${number}&tenant=${number}`
  | `/end?answer_after=${number}`
  | '/hold';

/** A batch as it is sent. */
export const postTasks = (system: System, tasks: readonly NewTask[]): HttpRequest => ({
  method: 'POST',
  url: `${system.apiUrl}/task`,
  body: JSON.stringify(tasks),
});

export const aTask = (system: System, id: string, work: Work, rest: Partial<NewTask> = {}): NewTask => ({
  id,
  name: id,
  kind: 'bench',
  // Nothing times out while it is measured.
  timeout: 86_400,
  on_start: webhook(`${system.receiverUrl}${work}`),
  ...rest,
});

/** The report of a task's end. */
export const report = (
  system: System,
  taskId: string,
  end: { status: 'Success' } | { status: 'Failure'; failure_reason: string },
): HttpRequest => ({
  method: 'PATCH',
  url: `${system.apiUrl}/task/${taskId}`,
  body: JSON.stringify(end),
});

/**
 * Sends requests through the generator.
 *
 * @throws when one is not answered with the status
 */
export async function send(
  system: System,
  requests: readonly HttpRequest[],
  { expect = 201, concurrency = 1, keepBodies = false } = {},
): Promise<Answer[]> {
  const answers = await system.generator.ask('send', { requests, concurrency, keepBodies });
  const bad = answers.find(({ status }) => status !== expect);
  if (bad !== undefined) throw new Error(`answered ${bad.status} instead of ${expect}: ${bad.body}`);
  return answers;
}

/** @throws when it takes longer than a scenario may */
export async function within<T>(what: string, promise: Promise<T>, limitMs = 120_000): Promise<T> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`${what}: not within ${limitMs / 1000} s`)), limitMs);
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
