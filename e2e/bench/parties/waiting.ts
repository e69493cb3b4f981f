interface Waiter {
  readonly isThere: () => boolean;
  readonly tell: () => void;
}

/** Those who wait until something is there, or has failed. */
export class Waiting {
  #waiters: Waiter[] = [];
  #failure: string | undefined;

  /** @throws when something failed */
  until(isThere: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const tell = (): void => (this.#failure === undefined ? resolve() : reject(new Error(this.#failure)));
      this.#waiters.push({ isThere: () => this.#failure !== undefined || isThere(), tell });
      this.look();
    });
  }

  /** Something has changed. */
  look(): void {
    if (this.#waiters.length === 0) return;
    const there = this.#waiters.filter((one) => one.isThere());
    this.#waiters = this.#waiters.filter((one) => !there.includes(one));
    for (const one of there) one.tell();
  }

  /** Something has failed; the first failure is told. */
  fail(error: unknown): void {
    this.#failure ??= String(error);
    this.look();
  }

  forgetFailure(): void {
    this.#failure = undefined;
  }
}
