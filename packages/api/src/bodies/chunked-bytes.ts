import { BIG_BODY_BYTES } from './body-gate.ts';

/**
 * Bytes that come in chunks. Where many are announced, each chunk goes to its place when it comes: putting all of them
 * together in the end would hold up everybody.
 */
export class ChunkedBytes {
  /** Made for all that is announced, when that is much. */
  #whole: Buffer<ArrayBuffer> | undefined;
  #chunks: Buffer<ArrayBuffer>[] = [];
  #size = 0;

  /** @param announced how many there will be; 0 when that is not known */
  constructor(announced: number) {
    if (announced > BIG_BODY_BYTES) this.#whole = Buffer.allocUnsafeSlow(announced);
  }

  get size(): number {
    return this.#size;
  }

  add(chunk: Buffer<ArrayBuffer>): void {
    if (this.#whole === undefined) this.#chunks.push(chunk);
    else this.#whole.set(chunk, this.#size);
    this.#size += chunk.length;
  }

  /** All of them; a single chunk is not copied. */
  toBuffer(): Buffer<ArrayBuffer> {
    if (this.#whole !== undefined) return this.#whole.subarray(0, this.#size);
    return this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
  }

  clear(): void {
    this.#whole = undefined;
    this.#chunks = [];
    this.#size = 0;
  }
}
