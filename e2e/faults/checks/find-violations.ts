import { findViolations as findRowViolations } from '@arcrun/database/testing';
import type { TestDatabase } from '@arcrun/database/testing';
import { checkDurable, checkEnds } from './check-ends.ts';
import { checkNotices } from './check-notices.ts';
import { checkRules } from './check-rules.ts';
import { checkStarts } from './check-starts.ts';
import type { Facts } from './facts.ts';

export interface Allowances {
  /** A worker that was presumed dead came back: what it had begun to call may arrive late. */
  readonly zombies: boolean;
  /** How many calls of on_start may come in addition to the first of each task; any number if not said. */
  readonly duplicates?: number;
}

/** Whatever may not be, whichever fault there was; empty when all is as promised. */
export async function findViolations(
  facts: Facts,
  database: TestDatabase,
  allowances: Allowances,
): Promise<string[]> {
  return [
    ...checkEnds(facts),
    ...checkDurable(facts),
    ...checkStarts(facts, allowances),
    ...checkNotices(facts),
    ...checkRules(facts),
    ...(await findRowViolations(database.db)),
  ];
}
