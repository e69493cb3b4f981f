import type { Response } from 'express';

/** Milliseconds after which a browser that lost the stream asks for it again. */
const RETRY_MS = 2000;

/** A client that takes nothing for so long is gone. */
const STALLED_MS = 60_000;

/** A message as it is sent. Those who watch the same share its bytes. */
export function eventBytes(name: string, json: string, id?: string): Buffer {
  const idLine = id === undefined ? '' : `id: ${id}\n`;
  // A line break within JSON is only space; here it would end the line.
  return Buffer.from(`${idLine}event: ${name}\ndata: ${json.replaceAll('\n', ' ')}\n\n`);
}

export interface EventStreamOptions {
  /** The client can take the next message. */
  readonly onReady: () => void;
  readonly onClose: () => void;
}

/** The Server-Sent Events of one client. What it has not taken yet is never more than one message. */
export class EventStream {
  readonly #response: Response;
  #stalledSinceMs: number | undefined;

  constructor(response: Response, { onReady, onClose }: EventStreamOptions) {
    this.#response = response;
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // Proxies of the kind of nginx would collect the answer.
      'x-accel-buffering': 'no',
    });
    response.write(`retry: ${RETRY_MS}\n\n`);
    response.on('drain', () => {
      this.#stalledSinceMs = undefined;
      onReady();
    });
    response.on('close', onClose);
    // Its connection broke: close follows.
    response.on('error', () => undefined);
  }

  /** Whether it has taken what was sent. */
  get isReady(): boolean {
    return !this.#response.writableNeedDrain && !this.#response.writableEnded;
  }

  send(message: Buffer): void {
    if (!this.#response.write(message)) this.#stalledSinceMs ??= performance.now();
  }

  /** Keeps proxies from closing the connection, and gives up a client that takes nothing any more. */
  beat(): void {
    if (this.isReady) this.#response.write(':\n\n');
    else if (performance.now() - (this.#stalledSinceMs ?? Infinity) > STALLED_MS) this.#response.destroy();
  }

  /** Ends the answer, after what was sent. */
  end(): void {
    this.#response.end();
  }

  /** Ends it without waiting for a client that is slow. */
  close(): void {
    if (this.#response.writableNeedDrain) this.#response.destroy();
    else this.#response.end();
  }
}
