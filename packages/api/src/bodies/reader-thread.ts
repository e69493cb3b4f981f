import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { ApiError } from '../http/errors.ts';
import { type PackedBatch, unpackBatch } from './packed-batch.ts';
import type { NewBatchBody, PlainReader, ReaderOptions, ReaderValues } from './readers.ts';

export interface ReadCall {
  readonly name: keyof ReaderValues;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly options: ReaderOptions;
}

/** The value is that of the reader; a new batch comes packed. */
export type ReadOutcome =
  | { readonly value: unknown }
  | { readonly refusal: Pick<ApiError, 'status' | 'message' | 'fields' | 'headers'> }
  | { readonly failure: unknown };

interface Job {
  readonly call: ReadCall;
  readonly settle: (outcome: ReadOutcome) => void;
}

/**
 * Heap that the thread may use for each byte of a body. The JSON that needs most (empty objects behind a number that
 * is kept as text) takes 72. It has to fit: the engine cannot be stopped within JSON.parse, so a thread that has no
 * heap left there takes the process with it.
 */
const HEAP_PER_BYTE = 96;

const MIB = 1_048_576;

/** A thread keeps the memory that its largest body needed, so an idle one is ended. */
const IDLE_MS = 5000;

// Beside the sources or beside the bundle.
const SCRIPT = join(import.meta.dirname, `reader-thread-main${extname(import.meta.filename)}`);

/** A thread that reads bodies, one after the other. It is started when it is needed, also after it has died. */
export class ReaderThread {
  readonly #heapMib: number;
  readonly #waiting: Job[] = [];
  #current: Job | undefined;
  #users = 0;
  #end: NodeJS.Timeout | undefined;
  #worker: Worker | undefined;

  constructor(maxBytes: number) {
    this.#heapMib = Math.ceil((HEAP_PER_BYTE * Math.max(maxBytes, MIB)) / MIB);
  }

  /**
   * Reads a body; its bytes are handed over, and cannot be used here any more.
   *
   * @throws ApiError what the reader throws
   * @throws Error when the thread died of it
   */
  read<Name extends PlainReader>(
    name: Name,
    bytes: Uint8Array<ArrayBuffer>,
    options: ReaderOptions,
  ): Promise<ReaderValues[Name]> {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what that reader answers
    return this.#use(async () => (await this.#run({ name, bytes, options })) as ReaderValues[Name]);
  }

  /** The same for a new batch, whose plan may stay in the thread until it has been written. */
  readNewBatch<T>(
    bytes: Uint8Array<ArrayBuffer>,
    options: ReaderOptions,
    write: (body: NewBatchBody) => Promise<T>,
  ): Promise<T> {
    return this.#use(async () => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what that reader answers
      const packed = (await this.#run({ name: 'newBatch', bytes, options })) as PackedBatch;
      try {
        return await write(unpackBatch(packed));
      } finally {
        if (packed.search !== null) packed.port.close();
      }
    });
  }

  async stop(): Promise<void> {
    clearTimeout(this.#end);
    const worker = this.#worker;
    // What comes now gets another one.
    this.#worker = undefined;
    await worker?.terminate();
  }

  /** Ends the thread when nobody has used it for a while. */
  async #use<T>(work: () => Promise<T>): Promise<T> {
    this.#users++;
    clearTimeout(this.#end);
    try {
      return await work();
    } finally {
      this.#users--;
      if (this.#users === 0) this.#end = setTimeout(() => void this.stop(), IDLE_MS).unref();
    }
  }

  async #run(call: ReadCall): Promise<unknown> {
    const { promise, resolve } = Promise.withResolvers<ReadOutcome>();
    this.#waiting.push({ call, settle: resolve });
    this.#next();
    const outcome = await promise;
    if ('failure' in outcome) throw outcome.failure;
    if ('refusal' in outcome) {
      const { status, message, fields, headers } = outcome.refusal;
      throw new ApiError(status, message, fields, headers);
    }
    return outcome.value;
  }

  #next(): void {
    if (this.#current !== undefined) return;
    this.#current = this.#waiting.shift();
    if (this.#current === undefined) return;
    this.#worker ??= this.#start();
    const { call } = this.#current;
    this.#worker.postMessage(call, [call.bytes.buffer]);
  }

  #settle(outcome: ReadOutcome): void {
    this.#current?.settle(outcome);
    this.#current = undefined;
    this.#next();
  }

  #start(): Worker {
    const worker = new Worker(SCRIPT, { resourceLimits: { maxOldGenerationSizeMb: this.#heapMib } });
    worker.on('message', (outcome: ReadOutcome) => this.#settle(outcome));
    const lose = (error: unknown) => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      this.#settle({ failure: error });
    };
    worker.on('error', lose);
    worker.on('exit', () => lose(new Error('The thread that reads large bodies has ended')));
    return worker;
  }
}
