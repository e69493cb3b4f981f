/** Calls back once for what happens many times in a moment: when it is enough, or when the moment is over. */
export class Gathered {
  readonly #enough: number;
  readonly #withinMs: number;
  readonly #tell: () => void;
  #count = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(enough: number, withinMs: number, tell: () => void) {
    this.#enough = enough;
    this.#withinMs = withinMs;
    this.#tell = tell;
  }

  get isGathering(): boolean {
    return this.#count > 0;
  }

  add(): void {
    this.#count++;
    if (this.#count >= this.#enough) this.#tellNow();
    else this.#timer ??= setTimeout(this.#tellNow, this.#withinMs);
  }

  readonly #tellNow = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#count = 0;
    this.#tell();
  };
}
