import type { IncomingMessage } from 'node:http';
import { type Database, findTracedTasks } from '@arcrun/database';
import { type Logger, recordRun, taskTraceparent, type Tracing } from '@arcrun/observability';
import { traceparentOf } from './http/trace-requests.ts';

export interface TraceEndsOptions {
  readonly tracing: Tracing | undefined;
  readonly database: Database;
  readonly logger: Logger;
}

/**
 * Records in its batch's trace that a call has ended a task: linked to the call, and to the span that the call came
 * with. It may be of the same trace, when the receiver kept to the one that it was given, or of another.
 */
export async function traceEnd(
  { tracing, database, logger }: TraceEndsOptions,
  request: IncomingMessage,
  id: string,
): Promise<void> {
  if (tracing === undefined) return;
  try {
    const task = (await findTracedTasks(database.db, [id])).get(id);
    if (task === undefined) return;
    const call = tracing.current();
    call?.set({ 'arcrun.task_id': id, 'arcrun.batch_id': task.batchId, 'arcrun.kind': task.kind });
    call?.link(taskTraceparent(task.traceparent, id));
    const caller = traceparentOf(request);
    const endedBy = [call?.traceparent, caller].filter((each) => each !== undefined);
    recordRun(tracing, task, endedBy);
  } catch (error) {
    // The end is durable, and answered as that.
    logger.debug('end not traced', { task_id: id, error });
  }
}
