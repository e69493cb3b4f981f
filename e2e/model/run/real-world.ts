import { setTimeout as delay } from 'node:timers/promises';
import type { Delivery } from '@arcrun/client';
import type { Stack } from '../../harness/stack.ts';
import type { ObservedSettings, Reply } from './history.ts';
import type { ApiRequest, IncomingCall, World } from './world.ts';

/** The whole system, one process each, as a world for scenarios. Each call goes to another API process. */
export function realWorld(
  stack: Stack,
  settings: Pick<ObservedSettings, 'inlineLimit' | 'hasCrashes'>,
): World {
  const handlers = new Map<string, (call: IncomingCall) => Promise<Reply>>();
  stack.receiver.behave(({ method, target, headers, body }) => {
    const handler = handlers.get(`/${target.split('/')[1]}/`);
    if (handler === undefined) throw new Error(`nobody waits for a call of ${target}`);
    return handler({ method, target, headers, body });
  });
  let turn = 0;
  const nextApi = (): string => stack.apis[turn++ % stack.apis.length]!.url;
  return {
    settings: { hostUrl: stack.hostUrl, ...settings },
    receiverUrl: stack.receiver.url,
    nowMs: () => performance.now(),
    sleep: (ms) => delay(ms),
    send: (request) => send(nextApi(), request),
    receive: (prefix, handler) => void handlers.set(prefix, handler),
    countOpenCalls: (subjectIds) => countOpenCalls(stack, subjectIds),
    readLedger: (subjectIds, since) => readLedger(nextApi(), new Set(subjectIds), since),
  };
}

/** Not by the client, which repeats calls: here each is one of the history. */
async function send(apiUrl: string, { method, path, body }: ApiRequest) {
  const response = await fetch(apiUrl + path, {
    method,
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: text === '' ? null : (JSON.parse(text) as unknown),
    batchId: response.headers.get('x-batch-id'),
  };
}

/** The API does not say this of a few subjects, so it is asked of the tables. */
async function countOpenCalls({ database }: Stack, subjectIds: readonly string[]): Promise<number> {
  const notices = await database.db
    .selectFrom('delivery')
    .select('id')
    .where('status', '=', 'Pending')
    .where((where) => where.or([where('task_id', 'in', subjectIds), where('batch_id', 'in', subjectIds)]))
    .execute();
  // Those of a worker that is dead are over.
  const starts = await database.db
    .selectFrom('task_state')
    .innerJoin('worker', 'worker.id', 'task_state.worker_id')
    .select('task_state.id')
    .where('task_state.id', 'in', subjectIds)
    .execute();
  return notices.length + starts.length;
}

/** The ledger has what was updated last first, so the pages end where rows are older than the subjects. */
async function readLedger(apiUrl: string, subjects: ReadonlySet<string>, since: string): Promise<Delivery[]> {
  const own: Delivery[] = [];
  let url: string | undefined = `${apiUrl}/webhook-deliveries?page_size=100`;
  while (url !== undefined) {
    const response: Response = await fetch(url);
    const rows = (await response.json()) as Delivery[];
    own.push(...rows.filter((row) => subjects.has((row.task_id ?? row.batch_id)!)));
    const next = /<([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1];
    const isDone = next === undefined || !rows.some((row) => row.updated_at >= since);
    url = isDone ? undefined : new URL(next, url).href;
  }
  return own;
}
