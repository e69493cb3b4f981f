import type { ServerResponse } from 'node:http';
import { clockMs } from '../measure/clock.ts';
import { listen } from './listen.ts';

/** A call that tells of something, on the machine's clock. */
export interface Notification {
  /** Its `Idempotency-Key`. */
  readonly key: string;
  /** The number of the origin that it came to, from 0. */
  readonly origin: number;
  readonly arrivedMs: number;
}

/** Receivers of notifications, each an origin (a port) of its own. One of them may hang. */
export class NotifiedOrigins {
  /** In the order of arrival. */
  notifications: Notification[] = [];
  answered = 0;
  readonly #onAnswered: () => void;
  #hanging: number | undefined;
  #unanswered: ServerResponse[] = [];

  constructor(onAnswered: () => void) {
    this.#onAnswered = onAnswered;
  }

  /**
   * Opens that many, once.
   *
   * @returns where they listen
   */
  open(count: number): Promise<string[]> {
    const listening = Array.from({ length: count }, (_, origin) =>
      listen((request, response) => {
        const arrivedMs = clockMs();
        request.resume();
        request.once('end', () => {
          this.notifications.push({ key: String(request.headers['idempotency-key']), origin, arrivedMs });
          if (origin === this.#hanging) this.#unanswered.push(response);
          else this.#answer(response);
        });
      }),
    );
    return Promise.all(listening);
  }

  /** Calls of this one are not answered from now on. */
  hang(origin: number): void {
    this.#hanging = origin;
  }

  /** Answers what it has kept waiting, and whatever comes. */
  release(): void {
    this.#hanging = undefined;
    for (const response of this.#unanswered.splice(0)) this.#answer(response);
  }

  forget(): void {
    this.notifications = [];
    this.answered = 0;
  }

  #answer(response: ServerResponse): void {
    response.writeHead(200, { 'content-length': 0 });
    response.end();
    this.answered++;
    this.#onAnswered();
  }
}
