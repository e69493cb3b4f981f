import { createRandom, type Random } from '@arcrun/local';

/** Choices that follow from a seed alone. */
export class Chance {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = createRandom(seed);
  }

  /** True once in so many. */
  oneIn(count: number): boolean {
    return this.#random.below(count) === 0;
  }

  happens(probability: number): boolean {
    return this.#random.fraction() < probability;
  }

  /** A whole number of the range, both ends included. */
  between(from: number, to: number): number {
    return from + this.#random.below(to - from + 1);
  }

  /** A whole number of the range, small ones more often. */
  small(from: number, to: number): number {
    return from + Math.floor((to - from + 1) * this.#random.fraction() ** 2);
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.#random.below(choices.length)]!;
  }

  /** As many as said, each at most once, in the order that they had. */
  some<T>(choices: readonly T[], count: number): T[] {
    const left = new Set(choices.keys());
    while (left.size > Math.max(0, count)) left.delete(this.pick([...left]));
    return choices.filter((_, index) => left.has(index));
  }

  shuffled<T>(items: readonly T[]): T[] {
    const shuffled = [...items];
    for (let last = shuffled.length - 1; last > 0; last--) {
      const other = this.#random.below(last + 1);
      [shuffled[last], shuffled[other]] = [shuffled[other]!, shuffled[last]!];
    }
    return shuffled;
  }
}
