/**
 * The calls that a worker has open, up to a bound: it takes no more work than it can call at once. `onRoom` is told
 * when there is room again after it was full.
 */
export class OpenCalls {
  readonly #max: number;
  readonly #onRoom: () => void;
  readonly #open = new Map<string, Promise<void>>();

  constructor(max: number, onRoom: () => void) {
    this.#max = max;
    this.#onRoom = onRoom;
  }

  get room(): number {
    return this.#max - this.#open.size;
  }

  get ids(): string[] {
    return [...this.#open.keys()];
  }

  /** Begins a call; `run` handles its own errors. */
  begin(id: string, run: () => Promise<void>): void {
    const call = run().finally(() => {
      const wasFull = this.room <= 0;
      this.#open.delete(id);
      if (wasFull) this.#onRoom();
    });
    this.#open.set(id, call);
  }

  /** Resolves when all calls that are open now have ended. */
  async drained(): Promise<void> {
    await Promise.allSettled(this.#open.values());
  }
}
