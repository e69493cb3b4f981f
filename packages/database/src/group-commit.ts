import { classifyFailure } from './failures.ts';

/** What a commit says of an item that somebody else has locked: it comes again, at last alone, and then it waits. */
export const BUSY = Symbol('busy');

export interface GroupCommitOptions<Item, Result> {
  /**
   * Commits items in one transaction; one result each, in their order. With `wait` false, rows that somebody else
   * has locked are answered with BUSY; with `wait` true there is one item, and it waits for its rows.
   *
   * `onDoubt` is for a commit whose outcome only Postgres knows, and Postgres is gone: it asks, and others go on.
   */
  readonly commit: (
    items: readonly Item[],
    wait: boolean,
    onDoubt: () => void,
  ) => Promise<(Result | typeof BUSY)[]>;
  /** Items of the same key apply one after another, in the order they came. Without it, all go together. */
  readonly keyOf?: (item: Item) => string;
  /** The largest group. */
  readonly maxItems: number;
}

interface Entry<Item, Result> {
  readonly item: Item;
  readonly key: string | undefined;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
  /** How often somebody else had locked it when its group was committed. */
  busyTimes: number;
}

/** Under load, so many groups take an item that is locked before it goes alone. */
const GROUPS_MAX = 5;

/**
 * Commits together what arrives at the same time, without a timer: the first item commits at once, and what
 * arrives while a commit is under way is the next group. An idle system has no delay, a busy one few fsyncs.
 *
 * A group that fails on one of its rows is run again in halves, so that a bad row fails only its own caller.
 */
export class GroupCommit<Item, Result> {
  readonly #options: GroupCommitOptions<Item, Result>;
  #waiting: Entry<Item, Result>[] = [];
  /** Keys of items that are in a group or go alone. */
  readonly #busyKeys = new Set<string>();
  #committing = false;
  #alone = 0;
  #onIdle: (() => void)[] = [];

  constructor(options: GroupCommitOptions<Item, Result>) {
    this.#options = options;
  }

  /** Resolves with the item's own result once it is durable; rejects with its own error. */
  submit(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, key: this.#options.keyOf?.(item), resolve, reject, busyTimes: 0 });
      this.#next();
    });
  }

  /** Resolves when nothing is waiting or under way. */
  idle(): Promise<void> {
    if (!this.#committing && this.#waiting.length === 0 && this.#alone === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  #next(): void {
    if (this.#committing) return;
    const group = this.#takeGroup();
    if (group.length === 0) {
      if (this.#waiting.length === 0 && this.#alone === 0) for (const tell of this.#onIdle.splice(0)) tell();
      return;
    }
    this.#committing = true;
    let isDoubted = false;
    const onDoubt = () => {
      if (isDoubted) return;
      isDoubted = true;
      this.#alone++;
      this.#committing = false;
      this.#next();
    };
    void this.#run(group, false, onDoubt).then(() => {
      if (isDoubted) this.#alone--;
      else this.#committing = false;
      this.#next();
    });
  }

  #takeGroup(): Entry<Item, Result>[] {
    const group: Entry<Item, Result>[] = [];
    const left: Entry<Item, Result>[] = [];
    for (const entry of this.#waiting) {
      const isFree = entry.key === undefined || !this.#busyKeys.has(entry.key);
      if (group.length < this.#options.maxItems && isFree) {
        if (entry.key !== undefined) this.#busyKeys.add(entry.key);
        group.push(entry);
      } else {
        left.push(entry);
      }
    }
    this.#waiting = left;
    return group;
  }

  /** Never rejects: every outcome goes to the entries. */
  async #run(group: readonly Entry<Item, Result>[], wait: boolean, onDoubt: () => void): Promise<void> {
    try {
      const results = await this.#options.commit(
        group.map((entry) => entry.item),
        wait,
        onDoubt,
      );
      const busy: Entry<Item, Result>[] = [];
      for (const [index, entry] of group.entries()) {
        const result = results[index]!;
        if (result === BUSY) {
          busy.push(entry);
        } else {
          this.#release(entry);
          entry.resolve(result);
        }
      }
      this.#comeAgain(busy, group.length);
    } catch (error) {
      // What may have been done is not done again.
      const mayRunAgain = !['unavailable', 'in doubt'].includes(classifyFailure(error));
      if (group.length > 1 && mayRunAgain) {
        const middle = Math.ceil(group.length / 2);
        await this.#run(group.slice(0, middle), wait, onDoubt);
        await this.#run(group.slice(middle), wait, onDoubt);
        return;
      }
      for (const entry of group) {
        this.#release(entry);
        entry.reject(error);
      }
    }
  }

  /**
   * Rows are mostly locked for a moment by a commit of another kind, so under load the next groups take what was busy
   * again: alone it would be a transaction more, which the others wait for at the row of their batch.
   */
  #comeAgain(busy: readonly Entry<Item, Result>[], groupSize: number): void {
    const isLoaded = groupSize > 1 || this.#waiting.length > 0;
    const again: Entry<Item, Result>[] = [];
    for (const entry of busy) {
      entry.busyTimes++;
      if (isLoaded && entry.busyTimes < GROUPS_MAX) again.push(entry);
      else this.#goAlone(entry);
    }
    for (const entry of again) this.#release(entry);
    this.#waiting.unshift(...again);
  }

  /** It holds nobody else up while it waits for its rows. */
  #goAlone(entry: Entry<Item, Result>): void {
    this.#alone++;
    const nobodyWaits = () => undefined;
    void this.#run([entry], true, nobodyWaits).then(() => {
      this.#alone--;
      this.#next();
    });
  }

  #release(entry: Entry<Item, Result>): void {
    if (entry.key !== undefined) this.#busyKeys.delete(entry.key);
  }
}
