import type { ActionToCall } from '@arcrun/database';

/** Actions never change, so they are kept: the ones used last, up to a bound in bytes. */
export class ActionCache {
  readonly #find: (hashes: readonly string[]) => Promise<ActionToCall[]>;
  readonly #maxBytes: number;
  readonly #kept = new Map<string, ActionToCall>();
  #bytes = 0;

  constructor(find: (hashes: readonly string[]) => Promise<ActionToCall[]>, maxBytes: number) {
    this.#find = find;
    this.#maxBytes = maxBytes;
  }

  /** The actions with these hashes, by hash; one query for those that are not here. */
  async get(hashes: readonly string[]): Promise<ReadonlyMap<string, ActionToCall>> {
    const found = new Map<string, ActionToCall>();
    const missing = new Set<string>();
    for (const hash of hashes) {
      const action = this.#kept.get(hash);
      if (action === undefined) {
        missing.add(hash);
      } else {
        found.set(hash, action);
        this.#keepLast(action);
      }
    }
    if (missing.size > 0) {
      for (const action of await this.#find([...missing])) {
        found.set(action.hash, action);
        this.#add(action);
      }
    }
    return found;
  }

  #keepLast(action: ActionToCall): void {
    this.#kept.delete(action.hash);
    this.#kept.set(action.hash, action);
  }

  #add(action: ActionToCall): void {
    if (!this.#kept.has(action.hash)) this.#bytes += sizeOf(action);
    this.#keepLast(action);
    for (const oldest of this.#kept.values()) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#kept.delete(oldest.hash);
      this.#bytes -= sizeOf(oldest);
    }
  }
}

function sizeOf(action: ActionToCall): number {
  return 200 + action.url.length + (action.headers?.length ?? 0) + (action.body?.length ?? 0);
}
