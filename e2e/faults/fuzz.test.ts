import fc from 'fast-check';
import { buildOpenApi } from '@arcrun/contracts';
import { DocumentedAnswers } from '@arcrun/contracts/testing';
import { findViolations } from '@arcrun/database/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Stack, startStack } from '../harness/stack.ts';
import { type AnyCall, anyCall, type AnyCallOf } from './workload/any-call.ts';

const CLIENTS = 8;
const CALLS_OF_A_CLIENT = 25;
/** 10,000 calls in all; `FUZZ_RUNS` asks for more. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 50);
const SEED = process.env['FUZZ_SEED'];

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ apis: 2, workers: 2 });
  stack.receiver.behave((call) => {
    if (call.trigger === 'start' && call.taskId!.charCodeAt(35) % 2 === 0)
      void call.handle.success().catch(() => 0);
  });
});
afterAll(() => stack.close());

const documented = new DocumentedAnswers(buildOpenApi());

/** What is known of the system, by all clients together. */
class Seen {
  readonly tasks: string[] = [];
  readonly batches: string[] = [];
  /** Terminal states, since when. */
  readonly #ended = new Map<string, { readonly status: string; readonly atMs: number }>();

  add(call: AnyCall, sentMs: number, status: number, text: string, headers: Headers): string[] {
    const batchId = headers.get('x-batch-id');
    if (batchId !== null) this.batches.push(batchId);
    if (status >= 300 || !(headers.get('content-type') ?? '').includes('json') || text === '') return [];
    const value: unknown = JSON.parse(text);
    if (call.operation === 'POST /task') for (const { id } of value as { id: string }[]) this.tasks.push(id);
    if (call.operation !== 'GET /task/{id}') return [];
    const {
      id,
      status: now,
      ended_at: endedAt,
    } = value as { id: string; status: string; ended_at: string | null };
    const isTerminal = ['Success', 'Failure', 'Canceled'].includes(now);
    const before = this.#ended.get(id);
    if (isTerminal && before === undefined) this.#ended.set(id, { status: now, atMs: performance.now() });
    const problems: string[] = [];
    if (isTerminal !== (endedAt !== null)) problems.push(`${now} with ended_at ${endedAt}`);
    if (before !== undefined && sentMs > before.atMs && now !== before.status)
      problems.push(`is ${now} after it was ${before.status}`);
    return problems;
  }
}

test(`${RUNS * CLIENTS * CALLS_OF_A_CLIENT} calls of eight clients, valid and not: each answer is as documented, none is 500`, async () => {
  const sequences = fc.array(
    fc.array(anyCall(stack.receiver.url), { minLength: CALLS_OF_A_CLIENT, maxLength: CALLS_OF_A_CLIENT }),
    {
      minLength: CLIENTS,
      maxLength: CLIENTS,
    },
  );
  const statuses = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(sequences, async (clients) => {
      const seen = new Seen();
      const problems = await Promise.all(
        clients.map((calls, client) => runClient(calls, client, seen, statuses)),
      );
      expect(problems.flat()).toEqual([]);
      expect(await findViolations(stack.database.db)).toEqual([]);
    }),
    { numRuns: RUNS, endOnFailure: true, ...(SEED !== undefined && { seed: Number(SEED) }) },
  );
  console.log(
    [...statuses]
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([what, count]) => `${what}: ${count}`)
      .join('\n'),
  );
  const total = [...statuses.values()].reduce((sum, count) => sum + count, 0);
  expect(total).toBe(RUNS * CLIENTS * CALLS_OF_A_CLIENT);
  // It gets beyond the doors.
  for (const often of [
    'POST /task 201',
    'PATCH /task/{id} 200',
    'PATCH /task/{id} 409',
    'PUT /task/{id} 202',
  ])
    expect(statuses.get(often), often).toBeGreaterThan(RUNS);
}, 600_000);

async function runClient(
  calls: readonly AnyCallOf[],
  client: number,
  seen: Seen,
  statuses: Map<string, number>,
) {
  const problems: string[] = [];
  for (const toCall of calls) {
    const call = toCall(seen);
    const sentMs = performance.now();
    const response = await fetch(stack.apis[client % stack.apis.length]!.url + call.path, {
      method: call.method,
      ...(call.body !== undefined && { body: call.body }),
      ...(call.headers !== undefined && { headers: call.headers }),
    });
    const { status, headers } = response;
    const text = await response.text();
    const what = `${call.operation} ${status}`;
    statuses.set(what, (statuses.get(what) ?? 0) + 1);
    const found = [
      ...documented.check(call.operation, { status, headers, text }),
      ...seen.add(call, sentMs, status, text, headers),
    ];
    problems.push(...found.map((problem) => `${call.method} ${call.path} ${call.body ?? ''}: ${problem}`));
  }
  return problems;
}
