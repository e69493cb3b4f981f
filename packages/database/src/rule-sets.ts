import { hash } from 'node:crypto';
import { needOf, type Rule } from '@arcrun/domain';

/** Collects the rule sets of a request; equal ones are one row, whatever task or batch they come with. */
export class RuleSets {
  readonly #rows = new Map<string, string>();

  /** @returns the hash of the set in hex, by which a task refers to it; null without rules */
  refer(rules: readonly Rule[]): string | null {
    if (rules.length === 0) return null;
    const text = JSON.stringify(rules);
    const hashed = hash('sha256', text, 'hex').slice(0, 32);
    if (!this.#rows.has(hashed)) {
      this.#rows.set(
        hashed,
        `{"hash":"${hashed}","rules":${text},"needs":${JSON.stringify(rules.map(needOf))}}`,
      );
    }
    return hashed;
  }

  /** The sets as the SQL functions take them. */
  toJson(): string {
    return `[${[...this.#rows.values()].join(',')}]`;
  }
}
