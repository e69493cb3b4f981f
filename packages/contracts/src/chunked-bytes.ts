/** How much room is made when the second chunk comes, at least. */
const FIRST_ROOM = 4096;

/**
 * Bytes that come in chunks, put together as they come. Kept one by one, chunks of a byte would take hundreds of times
 * their size; put together in the end, many would hold up everybody.
 */
export class ChunkedBytes {
  /** The first of them, while it is the only one. */
  #only: Buffer<ArrayBuffer> | undefined;
  #bytes: Buffer<ArrayBuffer> | undefined;
  #size = 0;

  /** @param expected how many there will be, when that is known, and much */
  constructor(expected = 0) {
    if (expected > 0) this.#bytes = Buffer.allocUnsafeSlow(expected);
  }

  get size(): number {
    return this.#size;
  }

  add(chunk: Buffer<ArrayBuffer>): void {
    if (this.#size === 0 && this.#bytes === undefined) {
      this.#only = chunk;
    } else {
      this.#roomFor(this.#size + chunk.length).set(chunk, this.#size);
      this.#only = undefined;
    }
    this.#size += chunk.length;
  }

  /** All of them; a single chunk is not copied. */
  toBuffer(): Buffer<ArrayBuffer> {
    return this.#only ?? this.#bytes?.subarray(0, this.#size) ?? Buffer.alloc(0);
  }

  clear(): void {
    this.#only = undefined;
    this.#bytes = undefined;
    this.#size = 0;
  }

  #roomFor(size: number): Buffer<ArrayBuffer> {
    const before = this.#only ?? this.#bytes;
    if (this.#bytes !== undefined && this.#bytes.length >= size) return this.#bytes;
    const bytes = Buffer.allocUnsafeSlow(Math.max(FIRST_ROOM, 2 * size));
    if (before !== undefined) bytes.set(before.subarray(0, this.#size));
    this.#bytes = bytes;
    return bytes;
  }
}
