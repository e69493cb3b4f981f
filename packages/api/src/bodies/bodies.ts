import type { IncomingMessage } from 'node:http';
import type { Settings } from '@arcrun/config';
import type { BatchLimits } from '@arcrun/contracts';
import { ApiError } from '../http/errors.ts';
import { BIG_BODY_BYTES, BodyGate, type BodyPlace } from './body-gate.ts';
import { readJsonBytes } from './read-body.ts';
import { ReaderThread } from './reader-thread.ts';
import { type NewBatchBody, type PlainReader, READERS, type ReaderValues } from './readers.ts';

export type BodyRefusal = 'too_large' | 'encoded' | 'no_room';

/** Reads the bodies of requests: small ones at once, big ones behind the gate and in a thread. */
export class Bodies {
  readonly #maxBytes: number;
  readonly #limits: BatchLimits;
  readonly #gate: BodyGate;
  readonly #thread: ReaderThread;
  readonly #onRefusal: (reason: BodyRefusal) => void;

  constructor(settings: Settings, onRefusal: (reason: BodyRefusal) => void = () => undefined) {
    this.#onRefusal = onRefusal;
    this.#maxBytes = settings.PAYLOAD_MAX_BYTES;
    this.#gate = new BodyGate(settings.BIG_BODIES_MAX_BYTES);
    this.#thread = new ReaderThread(settings.PAYLOAD_MAX_BYTES);
    this.#limits = {
      maxTasksPerBatch: settings.MAX_TASKS_PER_BATCH,
      maxDepsPerTask: settings.MAX_DEPS_PER_TASK,
      maxActionsPerTask: settings.MAX_ACTIONS_PER_TASK,
      skipSsrfValidation: settings.SKIP_SSRF_VALIDATION,
      blockedHostnames: settings.BLOCKED_HOSTNAMES,
      blockedHostnameSuffixes: settings.BLOCKED_HOSTNAME_SUFFIXES,
    };
  }

  /** @throws ApiError */
  read<Name extends PlainReader>(request: IncomingMessage, name: Name): Promise<ReaderValues[Name]> {
    const options = { limits: this.#limits, hashed: false };
    return this.#receive(request, (bytes) =>
      isBig(bytes) ? this.#thread.read(name, bytes, options) : READERS[name](bytes, options),
    );
  }

  /**
   * Reads and plans a new batch, and has it written. A big body holds its place until that is done.
   *
   * @param hashed whether the hash of the body is wanted
   * @throws ApiError
   */
  readNewBatch<T>(
    request: IncomingMessage,
    hashed: boolean,
    write: (body: NewBatchBody) => Promise<T>,
  ): Promise<T> {
    const options = { limits: this.#limits, hashed };
    return this.#receive(request, (bytes) =>
      isBig(bytes)
        ? this.#thread.readNewBatch(bytes, options, write)
        : write(READERS.newBatch(bytes, options)),
    );
  }

  async stop(): Promise<void> {
    await this.#thread.stop();
  }

  async #readBytes(request: IncomingMessage, place: BodyPlace): Promise<Buffer<ArrayBuffer>> {
    try {
      return await readJsonBytes(request, { maxBytes: this.#maxBytes, place });
    } catch (error) {
      const reason = error instanceof ApiError ? REFUSALS.get(error.status) : undefined;
      if (reason !== undefined) this.#onRefusal(reason);
      throw error;
    }
  }

  async #receive<T>(
    request: IncomingMessage,
    use: (bytes: Buffer<ArrayBuffer>) => T | Promise<T>,
  ): Promise<T> {
    const place = this.#gate.enter();
    try {
      return await use(await this.#readBytes(request, place));
    } finally {
      place.free();
    }
  }
}

/** Why a body was refused before it was read, by the status of the answer. */
const REFUSALS = new Map<number, BodyRefusal>([
  [413, 'too_large'],
  [415, 'encoded'],
  [503, 'no_room'],
]);

const isBig = (bytes: Buffer): boolean => bytes.length > BIG_BODY_BYTES;
