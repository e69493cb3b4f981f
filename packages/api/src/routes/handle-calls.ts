import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TaskUpdate } from '@arcrun/contracts';
import { updateTask } from '@arcrun/database';
import { isTerminal, type TaskStatus } from '@arcrun/domain';
import type { ApiContext } from '../api-context.ts';
import { archivedEnd } from '../archived-end.ts';
import { conflict, invalid } from '../http/errors.ts';
import { sendJsonText } from '../http/json-text.ts';
import { traceEnd } from '../trace-ends.ts';

/** What an attempt says that is not the current one counts no more. */
function refuseOtherAttempt(
  attempt: number | undefined,
  current: { readonly status: TaskStatus; readonly attempt: number },
): void {
  if (attempt === undefined || attempt === current.attempt) return;
  throw conflict(409, `The task is in attempt ${current.attempt}`, current.status, current.attempt);
}

/**
 * The attempt that a handle is of; undefined when it names none.
 *
 * @throws ApiError 400
 */
function readAttempt({ url = '' }: IncomingMessage): number | undefined {
  const start = url.indexOf('?');
  if (start === -1) return undefined;
  const given = new URLSearchParams(url.slice(start)).getAll('attempt');
  if (given.length === 0) return undefined;
  const [text = ''] = given;
  if (given.length > 1 || !/^[1-9]\d{0,4}$/.test(text)) throw invalid(['attempt: must be a number from 1']);
  return Number(text);
}

/** @param id of the task, in lower case */
export type HandleCall = (request: IncomingMessage, response: ServerResponse, id: string) => Promise<void>;

/** What receivers do on the handle of a task, by the method. */
export interface HandleCalls {
  readonly PATCH: HandleCall;
  readonly PUT: HandleCall;
}

/** They are served past Express, too (http/hot-routes.ts), so they use nothing of its own. */
export function handleCalls(context: ApiContext): HandleCalls {
  const { bodies, database, commits, doorbell } = context;
  return {
    async PATCH(request, response, id) {
      const attempt = readAttempt(request);
      const update = await bodies.read(request, 'taskUpdate');
      const status =
        update.status === null
          ? await change(id, update, attempt)
          : await report(request, id, update, attempt);
      sendJsonText(response, `{"id":"${id}","status":"${status}"}`);
    },
    async PUT(request, response, id) {
      const attempt = readAttempt(request);
      const { newSuccess, newFailures } = await bodies.read(request, 'counters');
      await commits.addProgress({ id, attempt, success: newSuccess, failures: newFailures });
      response.statusCode = 202;
      response.end();
    },
  };

  async function report(
    request: IncomingMessage,
    id: string,
    update: TaskUpdate & { status: 'Success' | 'Failure' | null },
    attempt: number | undefined,
  ): Promise<string> {
    const status = update.status!;
    const result = await commits.report({
      id,
      status,
      attempt,
      retryable: update.retryable,
      reason: update.failureReason ?? undefined,
      newSuccess: update.newSuccess,
      newFailures: update.newFailures,
      expectedCount: update.expectedCount ?? undefined,
      priority: update.priority ?? undefined,
      metadata: update.metadata ?? undefined,
    });
    switch (result.outcome) {
      case 'applied':
        await traceEnd(context, request, id);
        return status;
      case 'retried':
        return 'Pending';
      case 'unknown':
        return refuse(await archivedEnd(database, id));
      case 'conflict':
        return refuse(result);
    }

    function refuse(current: { readonly status: TaskStatus; readonly attempt: number }): string {
      refuseOtherAttempt(attempt, current);
      // Said twice: it is so already, and nothing moves.
      if (current.status === status) return status;
      throw conflict(409, `The task is ${current.status}`, current.status);
    }
  }

  async function change(id: string, update: TaskUpdate, attempt: number | undefined): Promise<string> {
    const result = await updateTask(database.db, id, {
      attempt,
      newSuccess: update.newSuccess,
      newFailures: update.newFailures,
      expectedCount: update.expectedCount ?? undefined,
      priority: update.priority ?? undefined,
      metadata: update.metadata ?? undefined,
    });
    const current = result ?? (await archivedEnd(database, id));
    refuseOtherAttempt(attempt, current);
    if (result === null || !result.changed || isTerminal(result.status))
      throw conflict(409, `The task has already ended in ${current.status}`, current.status);
    doorbell.changed();
    if (result.freed) doorbell.ring('start');
    return result.status;
  }
}
