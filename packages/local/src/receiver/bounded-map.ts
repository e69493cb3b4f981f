/** A map that keeps the last `limit` keys that were added. */
export class BoundedMap<Key, Value> {
  readonly #limit: number;
  readonly #values = new Map<Key, Value>();
  /** The keys in a ring: asking a Map for its oldest key walks over the holes of deleted ones. */
  #ring: Key[] = [];
  #oldest = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: Key): Value | undefined {
    return this.#values.get(key);
  }

  /** Adds a key that is not there. */
  add(key: Key, value: Value): void {
    if (this.#ring.length < this.#limit) {
      this.#ring.push(key);
    } else {
      const evicted = this.#ring[this.#oldest];
      if (evicted !== undefined) this.#values.delete(evicted);
      this.#ring[this.#oldest] = key;
      this.#oldest = (this.#oldest + 1) % this.#limit;
    }
    this.#values.set(key, value);
  }

  values(): IterableIterator<Value> {
    return this.#values.values();
  }

  clear(): void {
    this.#values.clear();
    this.#ring = [];
    this.#oldest = 0;
  }
}
