export interface Random {
  /** At least 0, below 1. */
  fraction(): number;
  /** A whole number, at least 0, below `limit`. */
  below(limit: number): number;
}

/**
 * A pseudo-random sequence from a seed, of which the lower 32 bits count: a Weyl sequence (the state grows by
 * the golden ratio of 2^32) whose states go through the finaliser of MurmurHash3. Whole-number arithmetic and
 * one division only, so it is the same on every machine. Not for secrets.
 */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const fraction = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
  return { fraction, below: (limit) => Math.floor(fraction() * limit) };
}
