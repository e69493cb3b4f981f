import { ApiError, unavailable } from '../http/errors.ts';

/** Larger bodies are big: they pass the gate, and are read in a thread. */
export const BIG_BODY_BYTES = 1_048_576;

/** What one request holds of the room for big bodies. */
export interface BodyPlace {
  /**
   * Makes it as large as the body is known to be. A small body holds nothing.
   *
   * @throws ApiError 503 when there is no room
   */
  hold(bytes: number): void;
  /** Gives everything back. */
  free(): void;
}

/** Bounds the bytes of the big bodies that a process works on at the same time. */
export class BodyGate {
  readonly #maxBytes: number;
  #held = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  enter(): BodyPlace {
    let own = 0;
    return {
      hold: (bytes) => {
        if (bytes <= Math.max(own, BIG_BODY_BYTES)) return;
        const others = this.#held - own;
        // One alone passes, whatever its size: else a body that is allowed could never come in.
        if (others > 0 && others + bytes > this.#maxBytes) throw tooMany();
        this.#held = others + bytes;
        own = bytes;
      },
      free: () => {
        this.#held -= own;
        own = 0;
      },
    };
  }
}

function tooMany(): ApiError {
  const { status, message, fields, headers } = unavailable('Too many large bodies at the same time');
  // The rest of the body is not waited for, so the connection cannot be used again.
  return new ApiError(status, message, fields, { ...headers, connection: 'close' });
}
