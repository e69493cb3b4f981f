import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { type BatchEvent, createClient, task, webhook } from '@arcrun/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { untilRunning, type Stack, startStack } from '../harness/stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ apis: 2, workers: 1, hasFaults: true });
});
afterAll(() => stack.close());

async function runningBatch(): Promise<{ batchId: string; ids: string[] }> {
  const on_start = webhook(`${stack.receiver.url}/start`);
  const { batchId, tasks } = await stack.client.createBatch([
    task({ id: 'a', kind: 'k', on_start }),
    task({ id: 'b', kind: 'k', on_start, dependencies: ['a'] }),
  ]);
  const ids = tasks.map(({ id }) => id);
  await untilRunning(stack.client, ids[0]!);
  return { batchId, ids };
}

/** A client that notes the paths it calls. */
function noting(url: string) {
  const paths: string[] = [];
  const client = createClient({
    url,
    fetch: (to, init) => {
      paths.push(new URL(to instanceof Request ? to.url : to).pathname);
      return fetch(to, init);
    },
  });
  return { client, paths };
}

// proves: client/watch-events
test('a batch is watched by the events of any API alone: snapshot, changes, end', async () => {
  const { batchId, ids } = await runningBatch();
  const { client, paths } = noting(stack.apis[1]!.url);
  const seen: BatchEvent[] = [];
  const statusOf = new Map<string, string>();
  for await (const event of client.watchBatch(batchId)) {
    seen.push(event);
    if (event.type === 'end') break;
    for (const { id, status } of event.tasks) statusOf.set(id, status);
    // Each step is told before the next is made.
    if (statusOf.get(ids[0]!) === 'Running') await stack.client.reportSuccess(ids[0]!);
    else if (statusOf.get(ids[1]!) === 'Running') await stack.client.reportFailure(ids[1]!, 'no');
  }
  expect(seen[0]?.type).toBe('snapshot');
  expect(seen.at(-1)).toMatchObject({ type: 'end', batch: { status_counts: { success: 1, failure: 1 } } });
  expect([...statusOf.values()]).toEqual(['Success', 'Failure']);
  expect(new Set(paths)).toEqual(new Set([`/batch/${batchId}/events`]));
  expect(await client.waitForBatch(batchId)).toEqual(await stack.client.getBatch(batchId));
});

/** A proxy that cuts off each stream of events once it has brought something, or before. */
async function cuttingProxy(cut: 'before the events' | 'after the first') {
  const server = createServer((incoming, outgoing) => {
    const target = new URL(incoming.url ?? '/', stack.apis[0]!.url);
    const passed = request(target, { method: incoming.method, headers: incoming.headers }, (answer) => {
      const isStream = incoming.url?.endsWith('/events') === true;
      if (!isStream) {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
        return;
      }
      if (cut === 'before the events') {
        outgoing.destroy();
        answer.destroy();
        return;
      }
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
      let text = '';
      answer.on('data', (chunk: Buffer) => {
        outgoing.write(chunk);
        text += chunk.toString();
        if (!/^event: .*\ndata: .*\n\n/m.test(text)) return;
        outgoing.destroy();
        answer.destroy();
      });
    });
    incoming.pipe(passed);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

// proves: client/watch-fallback
test.each(['before the events', 'after the first'] as const)(
  'a proxy that cuts streams off %s only costs looks',
  async (cut) => {
    const proxy = await cuttingProxy(cut);
    const { batchId, ids } = await runningBatch();
    const { client, paths } = noting(proxy.url);
    const statusOf = new Map<string, string>();
    for await (const event of client.watchBatch(batchId, { pollMs: 20 })) {
      if (event.type === 'end') break;
      for (const { id, status } of event.tasks) statusOf.set(id, status);
      for (const id of ids) if (statusOf.get(id) === 'Running') await stack.client.reportSuccess(id);
    }
    expect([...statusOf.values()]).toEqual(['Success', 'Success']);
    expect(paths).toContain(`/dag/${batchId}`);
    proxy.close();
  },
);

// proves: client/watch-outage
test('an API that crashes and comes back is followed on', async () => {
  const { batchId, ids } = await runningBatch();
  // Not the one that the other calls of the test go to.
  const api = stack.apis.find(({ url }) => url !== stack.hostUrl)!;
  const { url } = api;
  const watching = noting(url).client.watchBatch(batchId, { pollMs: 50 });
  expect((await watching.next()).value).toMatchObject({ type: 'snapshot' });
  await api.kill();
  const rest = (async () => {
    const events: BatchEvent[] = [];
    for await (const event of watching) events.push(event);
    return events;
  })();
  for (const id of ids) {
    await untilRunning(stack.client, id);
    await stack.client.reportSuccess(id);
  }
  await stack.startApi({ PORT: new URL(url).port });
  expect((await rest).at(-1)).toMatchObject({ type: 'end', batch: { status_counts: { success: 2 } } });
});
