import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TaskUpdate } from '@arcrun/contracts';
import { updateTask } from '@arcrun/database';
import { isTerminal, type TaskStatus } from '@arcrun/domain';
import type { ApiContext } from '../app.ts';
import { archivedStatus } from '../archived-status.ts';
import { conflict } from '../http/errors.ts';
import { sendJsonText } from '../http/json-text.ts';
import { traceEnd } from '../trace-ends.ts';

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
      const update = await bodies.read(request, 'taskUpdate');
      const status = update.status === null ? await change(id, update) : await report(request, id, update);
      sendJsonText(response, `{"id":"${id}","status":"${status}"}`);
    },
    async PUT(request, response, id) {
      const { newSuccess, newFailures } = await bodies.read(request, 'counters');
      await commits.addProgress({ id, success: newSuccess, failures: newFailures });
      response.statusCode = 202;
      response.end();
    },
  };

  async function report(
    request: IncomingMessage,
    id: string,
    update: TaskUpdate & { status: 'Success' | 'Failure' | null },
  ): Promise<string> {
    const status = update.status!;
    const result = await commits.report({
      id,
      status,
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
      case 'unknown':
        return refuse(await archivedStatus(database, id));
      case 'conflict':
        return refuse(result.status);
    }

    function refuse(current: TaskStatus): string {
      // Said twice: it is so already, and nothing moves.
      if (current === status) return status;
      throw conflict(409, `The task is ${current}`, current);
    }
  }

  async function change(id: string, update: TaskUpdate): Promise<string> {
    const result = await updateTask(database.db, id, {
      newSuccess: update.newSuccess,
      newFailures: update.newFailures,
      expectedCount: update.expectedCount ?? undefined,
      priority: update.priority ?? undefined,
      metadata: update.metadata ?? undefined,
    });
    if (result === null || !result.changed || isTerminal(result.status)) {
      const ended = result?.status ?? (await archivedStatus(database, id));
      throw conflict(409, `The task has already ended in ${ended}`, ended);
    }
    doorbell.changed();
    if (result.freed) doorbell.ring('start');
    return result.status;
  }
}
