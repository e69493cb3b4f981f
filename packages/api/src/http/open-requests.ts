import type { RequestListener, ServerResponse } from 'node:http';
import type { Logger } from '@arcrun/observability';
import { answerError, unavailable } from './errors.ts';
import { identifyRequest } from './identify-request.ts';

/** What tells whether this process is well has to be answered above all when it is busy. */
const ALWAYS_SERVED = new Set(['/health', '/ready', '/metrics']);

export interface OpenRequestsOptions {
  readonly max: number;
  readonly logger: Logger;
  readonly onRefusal: () => void;
}

/**
 * The requests that this process works on. What comes beyond a limit is refused at once: a process that takes in all
 * answers everybody late, and in the end runs out of memory.
 */
export class OpenRequests {
  readonly #options: OpenRequestsOptions;
  readonly #open = new Set<ServerResponse>();

  constructor(options: OpenRequestsOptions) {
    this.#options = options;
  }

  /** @param serve what is done with those that are within the limit */
  limit(serve: RequestListener): RequestListener {
    const { max, logger, onRefusal } = this.#options;
    return (request, response) => {
      if (this.#open.size >= max && !ALWAYS_SERVED.has(request.url ?? '')) {
        onRefusal();
        identifyRequest(request, response);
        answerError(logger, unavailable('Too many requests are open'), request, response);
        return;
      }
      this.#open.add(response);
      response.once('close', () => this.#open.delete(response));
      serve(request, response);
    };
  }

  /** For what stays open as long as somebody looks on, and has a limit of its own. */
  forget(response: ServerResponse): void {
    this.#open.delete(response);
  }
}
