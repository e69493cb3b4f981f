/** How many tasks of each tenant are at work, and the largest number that one of them has had. */
export class TenantPeaks {
  readonly #atWork = new Map<string, number>();
  #peak = 0;

  get peak(): number {
    return this.#peak;
  }

  begin(tenant: string): void {
    const atWork = (this.#atWork.get(tenant) ?? 0) + 1;
    this.#atWork.set(tenant, atWork);
    this.#peak = Math.max(this.#peak, atWork);
  }

  end(tenant: string): void {
    this.#atWork.set(tenant, this.#atWork.get(tenant)! - 1);
  }

  forget(): void {
    this.#atWork.clear();
    this.#peak = 0;
  }
}
