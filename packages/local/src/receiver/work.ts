import { preciseNowMs } from './records.ts';
import type { CallRecord, EndRecord } from './records.ts';
import type { ReportAnswer, ReportSender } from './report-sender.ts';

/** The body of `POST /work`. */
export interface WorkOrder {
  duration_ms: number;
  outcome: 'Success' | 'Failure';
  /** Progress reports to spread over the duration. */
  progress: number;
  failure_reason: string;
  local_id: string | null;
}

const MAX_DURATION_MS = 2 ** 31 - 1;
const MAX_PROGRESS_REPORTS = 10_000;
const FIRST_RETRY_MS = 50;
const MAX_RETRY_MS = 2_000;
/** After this long without an answer nobody waits for the task any more. */
const GIVE_UP_AFTER_MS = 15 * 60_000;

/** The order in a parsed body, or a sentence about what is wrong with it. */
export function readWorkOrder(body: unknown): WorkOrder | string {
  if (typeof body !== 'object' || body === null) return 'the body must be an object';
  const given: Record<string, unknown> = { ...body };
  const { duration_ms, outcome, progress = 0, failure_reason, local_id } = given;
  if (!isNumberUpTo(duration_ms, MAX_DURATION_MS)) {
    return `duration_ms must be a number from 0 to ${MAX_DURATION_MS}`;
  }
  if (outcome !== 'Success' && outcome !== 'Failure') return 'outcome must be "Success" or "Failure"';
  if (!isNumberUpTo(progress, MAX_PROGRESS_REPORTS) || !Number.isInteger(progress)) {
    return `progress must be a whole number from 0 to ${MAX_PROGRESS_REPORTS}`;
  }
  return {
    duration_ms,
    outcome,
    progress,
    failure_reason:
      typeof failure_reason === 'string' ? failure_reason : 'The order said that the work fails.',
    local_id: typeof local_id === 'string' ? local_id : null,
  };
}

function isNumberUpTo(value: unknown, max: number): value is number {
  return typeof value === 'number' && value >= 0 && value <= max;
}

/** Lets the time pass, reports progress on the way and the end on the handle; what happened stands in the record. */
export async function doWork(
  order: WorkOrder,
  handle: string,
  record: CallRecord,
  sender: ReportSender,
): Promise<void> {
  const startedAtMs = performance.now();
  const reports: Promise<ReportAnswer>[] = [];
  for (let n = 1; n <= order.progress; n += 1) {
    // The last report comes before the end, with the same distance as the others.
    await passUntil(startedAtMs + (order.duration_ms * n) / (order.progress + 1));
    reports.push(sender.send('PUT', handle, { new_success: 1 }));
  }
  await passUntil(startedAtMs + order.duration_ms);
  // Counters answered before the end count in it; later ones would be dropped.
  await Promise.all(reports);
  await reportEnd(order, handle, record, sender);
}

async function reportEnd(
  order: WorkOrder,
  handle: string,
  record: CallRecord,
  sender: ReportSender,
): Promise<void> {
  const body =
    order.outcome === 'Success'
      ? { status: order.outcome }
      : { status: order.outcome, failure_reason: order.failure_reason };
  const end: EndRecord = {
    outcome: order.outcome,
    sent_at_ms: null,
    tries: 0,
    answered_at_ms: null,
    status: null,
  };
  record.end = end;
  const giveUpAtMs = performance.now() + GIVE_UP_AFTER_MS;
  while (performance.now() < giveUpAtMs) {
    end.tries += 1;
    const answer = await sender.send('PATCH', handle, body, () => {
      end.sent_at_ms ??= preciseNowMs();
    });
    // Any other refusal, 409 above all, says that this task needs no report any more.
    if (answer.status !== 0 && answer.status !== 429 && answer.status < 500) {
      end.answered_at_ms = preciseNowMs();
      end.status = answer.status;
      return;
    }
    await pass(retryDelayMs(end.tries, answer.retryAfterMs));
  }
}

function retryDelayMs(tries: number, askedMs: number | null): number {
  const backoffMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(tries - 1, 10));
  return (askedMs ?? 0) + backoffMs * (0.5 + Math.random() / 2);
}

async function passUntil(atMs: number): Promise<void> {
  const leftMs = atMs - performance.now();
  if (leftMs > 0) await pass(leftMs);
}

/** Work that is under way does not keep the process alive. */
async function pass(delayMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, delayMs).unref();
  });
}
