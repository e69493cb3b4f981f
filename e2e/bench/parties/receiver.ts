// The receiver, a process of its own: answers every on_start with 200 and does what the URL says.
//
// - /end: reports Success on the handle at once
// - /end?after=20: the same 20 ms later
// - /hold: nothing more, so that the task stays Running
//
// With answer_after=100 it takes 100 ms to answer, and goes on from there. With tenant=7 it counts how many tasks of
// that tenant are at work at once: from the arrival of the call until before the report is sent.
//
// On request it also listens at other origins, which only note what comes to them.
import { setTimeout as delay } from 'node:timers/promises';
import { clockMs } from '../measure/clock.ts';
import { KeepAliveClient } from './keep-alive-client.ts';
import { listen } from './listen.ts';
import { type Notification, NotifiedOrigins } from './notified-origins.ts';
import { serveCommands } from './serve-commands.ts';
import { TenantPeaks } from './tenant-peaks.ts';
import { Waiting } from './waiting.ts';

const MAX_CONNECTIONS = 64;

/** What happened to one task, on the machine's clock. */
export interface TaskRecord {
  readonly taskId: string;
  readonly startArrivedMs: number;
  /** When the report of its end was sent and answered; null without one. */
  endSentMs: number | null;
  endAnsweredMs: number | null;
}

const client = new KeepAliveClient(MAX_CONNECTIONS);
const success = JSON.stringify({ status: 'Success' });
let records: TaskRecord[] = [];
let ended = 0;
const tenants = new TenantPeaks();
const waiting = new Waiting();
const origins = new NotifiedOrigins(() => waiting.look());

const url = await listen((request, response) => {
  const startArrivedMs = clockMs();
  request.resume();
  request.once('end', () => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://receiver');
    const tenant = searchParams.get('tenant');
    if (tenant !== null) tenants.begin(tenant);
    const answer = (): void => {
      response.writeHead(200, { 'content-length': 0 });
      response.end();
      const record = {
        taskId: String(request.headers['x-task-id']),
        startArrivedMs,
        endSentMs: null,
        endAnsweredMs: null,
      };
      records.push(record);
      waiting.look();
      if (pathname === '/end') {
        void reportEnd(record, tenant, searchParams.get('handle')!, Number(searchParams.get('after') ?? 0));
      }
    };
    const answerAfterMs = Number(searchParams.get('answer_after') ?? 0);
    if (answerAfterMs > 0) setTimeout(answer, answerAfterMs);
    else answer();
  });
});

async function reportEnd(
  record: TaskRecord,
  tenant: string | null,
  handle: string,
  afterMs: number,
): Promise<void> {
  try {
    if (afterMs > 0) await delay(afterMs);
    if (tenant !== null) tenants.end(tenant);
    const answer = await client.send({ method: 'PATCH', url: handle, body: success });
    if (answer.status !== 200)
      throw new Error(`PATCH ${handle} answered ${answer.status}: ${answer.body.toString('utf8')}`);
    record.endSentMs = answer.sentMs;
    record.endAnsweredMs = answer.answeredMs;
    ended++;
    waiting.look();
  } catch (error) {
    waiting.fail(error);
  }
}

const commands = {
  /** Where it listens. */
  url: (): string => url,
  forget: (): void => {
    records = [];
    tenants.forget();
    ended = 0;
    waiting.forgetFailure();
    origins.forget();
  },
  /** Waits for that many calls since it forgot. */
  untilStarted: (count: number): Promise<void> => waiting.until(() => records.length >= count),
  /** Waits until that many ends were answered with 200 since it forgot. */
  untilEnded: (count: number): Promise<void> => waiting.until(() => ended >= count),
  /** In the order of arrival. */
  records: (): readonly TaskRecord[] => records,
  /** Listens at that many origins from now on. Gives their addresses. */
  openOrigins: (count: number): Promise<string[]> => origins.open(count),
  /** Lets the origin with this number hang, from 0. */
  hangOrigin: (origin: number): void => origins.hang(origin),
  /** Answers all calls of the origin that hangs. */
  releaseOrigin: (): void => origins.release(),
  /** Waits until that many notifications were answered at these origins since it forgot. */
  untilNotified: (count: number): Promise<void> => waiting.until(() => origins.answered >= count),
  /** In the order of arrival. */
  notifications: (): readonly Notification[] => origins.notifications,
  /** The largest number of tasks of one tenant that were at work at once since it forgot. */
  tenantPeak: (): number => tenants.peak,
};

export type ReceiverCommands = typeof commands;

serveCommands(commands);
