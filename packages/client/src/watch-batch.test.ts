import { expect, test } from 'vitest';
import { empty, event, events, json, rejectionOf, reset, serve } from '../testing/scripted-server.ts';
import type { Reply } from '../testing/scripted-server.ts';
import { createClient } from './index.ts';
import type { BatchEvent, BatchStats, StatusCounts, WatchOptions } from './index.ts';

const NONE = {
  waiting: 0,
  pending: 0,
  claimed: 0,
  running: 0,
  success: 0,
  failure: 0,
  paused: 0,
  canceled: 0,
};
const stats = (counts: Partial<StatusCounts>): BatchStats => ({
  batch_id: 'b',
  total_tasks: 1,
  total_success: 0,
  total_failures: 0,
  total_expected: null,
  status_counts: { ...NONE, ...counts },
  rerun_of: null,
  reruns: [],
});
const running = { batch: stats({ running: 1 }), tasks: [{ id: '1', status: 'Running' }] };
const ended = { batch: stats({ success: 1 }), tasks: [{ id: '1', status: 'Success' }] };

/** Answers by path; each list is given from its beginning, its last reply for ever. */
function byPath(replies: { events: Reply[]; batch: Reply[]; dag?: Reply[] }): Reply {
  const turn = { events: 0, batch: 0, dag: 0 };
  return (response, call) => {
    const kind = call.url.endsWith('/events') ? 'events' : call.url.startsWith('/dag') ? 'dag' : 'batch';
    const list = replies[kind] ?? [];
    const reply = list[Math.min(turn[kind], list.length - 1)];
    turn[kind] += 1;
    reply?.(response, call);
  };
}

async function watched(url: string, options: WatchOptions = {}): Promise<BatchEvent[]> {
  const seen: BatchEvent[] = [];
  for await (const one of createClient({ url, maxAttempts: 1 }).watchBatch('b', { pollMs: 1, ...options })) {
    seen.push(one);
  }
  return seen;
}

// proves: client/watch-events
test('the events of the server come through as they are', async () => {
  const texts = [
    ': hello\n\n',
    event('snapshot', running),
    event('unheard', { of: 1 }),
    event('tasks', ended),
    event('end', { batch: ended.batch }),
  ];
  const { url, seen } = await serve(events(texts, 'open'));
  expect(await watched(url)).toEqual([
    { type: 'snapshot', ...running },
    { type: 'tasks', ...ended },
    { type: 'end', batch: ended.batch },
  ]);
  expect(seen.map((call) => call.url)).toEqual(['/batch/b/events']);
  expect(seen[0]?.headers.accept).toBe('text/event-stream');
});

test('events may be cut anywhere on their way, and end their lines in any way', async () => {
  const text = event('snapshot', running) + event('end', { batch: ended.batch });
  const { url } = await serve((response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const character of text.replaceAll('\n', '\r\n')) response.write(character);
  });
  expect((await watched(url)).map(({ type }) => type)).toEqual(['snapshot', 'end']);
});

// proves: client/watch-fallback
test('an event that is cut off is not told of; a look fills the gap and the stream is opened again', async () => {
  const { url } = await serve(
    byPath({
      events: [
        events([event('snapshot', running), 'event: tasks\ndata: {"batch"'], 'cut'),
        events([event('snapshot', ended), event('end', { batch: ended.batch })], 'open'),
      ],
      batch: [json(200, running.batch)],
      dag: [json(200, { tasks: running.tasks, links: [] })],
    }),
  );
  expect((await watched(url)).map(({ type }) => type)).toEqual(['snapshot', 'snapshot', 'snapshot', 'end']);
});

// proves: client/watch-fallback
test.each([
  ['404', json(404, { error: 'no such path', status: 404 })],
  ['501', json(501, { error: 'not built', status: 501 })],
  ['a page in place of events', json(200, {})],
])('where there are no events (%s) looks do, each that differs told once', async (_name, reply) => {
  const { url, seen } = await serve(
    byPath({
      events: [reply],
      batch: [json(200, running.batch), json(200, running.batch), json(200, ended.batch)],
      dag: [
        json(200, { tasks: running.tasks, links: [] }),
        json(200, { tasks: running.tasks, links: [] }),
        json(200, { tasks: ended.tasks, links: [] }),
      ],
    }),
  );
  expect(await watched(url)).toEqual([
    { type: 'snapshot', ...running },
    { type: 'snapshot', ...ended },
    { type: 'end', batch: ended.batch },
  ]);
  expect(seen.filter((call) => call.url.endsWith('/events'))).toHaveLength(1);
});

test('streams that bring nothing are given up for a while', async () => {
  const looks = Array.from({ length: 8 }, () => json(200, running.batch));
  const { url, seen } = await serve(
    byPath({ events: [events([], 'cut')], batch: [...looks, json(200, ended.batch)] }),
  );
  await createClient({ url }).waitForBatch('b', { pollMs: 1 });
  expect(seen.filter((call) => call.url.endsWith('/events'))).toHaveLength(3);
});

test('an unknown batch is an error, not a wait', async () => {
  const { url } = await serve(json(404, { error: 'There is no such batch', status: 404 }));
  expect(await rejectionOf(watched(url))).toMatchObject({ status: 404 });
});

test('a token that is refused is an error at once', async () => {
  const { url, seen } = await serve(json(401, { error: 'no', status: 401 }));
  expect(await rejectionOf(watched(url))).toMatchObject({ status: 401 });
  expect(seen).toHaveLength(1);
});

// proves: client/watch-outage
test('a server that is away is asked again, and the watcher is told', async () => {
  const notes: number[] = [];
  const { url } = await serve(
    byPath({
      events: [reset],
      batch: [reset, json(502, {}), json(200, ended.batch)],
      dag: [json(200, { tasks: ended.tasks, links: [] })],
    }),
  );
  const seen = await watched(url, { onNoAnswer: (error) => notes.push(error.status) });
  expect(seen.at(-1)).toEqual({ type: 'end', batch: ended.batch });
  expect(notes).toEqual([0, 502]);
});

test('a server that stays away is an error when the patience ends', async () => {
  const { url } = await serve(reset);
  expect(await rejectionOf(watched(url, { patienceMs: 20 }))).toMatchObject({ status: 0 });
});

test('waitForBatch returns the sums of the end, and looks at no tasks', async () => {
  const { url, seen } = await serve(
    byPath({ events: [empty(404)], batch: [json(200, running.batch), json(200, ended.batch)] }),
  );
  expect(await createClient({ url }).waitForBatch('b', { pollMs: 1 })).toEqual(ended.batch);
  expect(seen.some((call) => call.url.startsWith('/dag'))).toBe(false);
});

test('an abort ends a wait with the reason of the signal', async () => {
  const abort = new AbortController();
  const reason = new Error('enough');
  const { url } = await serve((response) => {
    events([event('snapshot', running)], 'open')(response, { method: '', url: '', headers: {}, body: null });
    setImmediate(() => {
      abort.abort(reason);
    });
  });
  expect(await rejectionOf(watched(url, { signal: abort.signal }))).toBe(reason);
});

test('whoever stops watching closes the connection', async () => {
  let closed: Promise<void> | undefined;
  const { url } = await serve((response, call) => {
    closed = new Promise((resolve) => response.on('close', resolve));
    events([event('snapshot', running)], 'open')(response, call);
  });
  for await (const one of createClient({ url }).watchBatch('b')) {
    expect(one.type).toBe('snapshot');
    break;
  }
  await closed;
});
