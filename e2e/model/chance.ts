import { createRandom } from '@arcrun/local';

/** Choices that follow from a seed alone. */
export class Chance {
  readonly #fraction: () => number;
  readonly #below: (limit: number) => number;

  constructor(seed: number) {
    const random = createRandom(seed);
    this.#fraction = random.fraction;
    this.#below = random.below;
  }

  /** True once in so many. */
  oneIn(count: number): boolean {
    return this.#below(count) === 0;
  }

  happens(probability: number): boolean {
    return this.#fraction() < probability;
  }

  /** A whole number of the range, both ends included. */
  between(from: number, to: number): number {
    return from + this.#below(to - from + 1);
  }

  /** A whole number of the range, small ones more often. */
  small(from: number, to: number): number {
    return from + Math.floor((to - from + 1) * this.#fraction() ** 2);
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.#below(choices.length)]!;
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
      const other = this.#below(last + 1);
      [shuffled[last], shuffled[other]] = [shuffled[other]!, shuffled[last]!];
    }
    return shuffled;
  }
}
