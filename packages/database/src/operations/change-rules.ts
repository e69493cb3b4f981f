import type { Rule } from '@arcrun/domain';
import { type Kysely, sql } from 'kysely';
import { retryConflicts } from '../failures.ts';
import { RuleSets } from '../rule-sets.ts';
import type { Schema } from '../schema.ts';

/**
 * Replaces the rules of all tasks of one kind in a batch that have not ended.
 *
 * @returns how many tasks have these rules now; null when there is no such batch
 */
export async function changeRules(
  db: Kysely<Schema>,
  { batchId, kind, rules }: { batchId: string; kind: string; rules: readonly Rule[] },
): Promise<number | null> {
  const ruleSets = new RuleSets();
  ruleSets.refer(rules);
  const { rows } = await retryConflicts(() =>
    sql<{ updated: number | null }>`
      select change_rules(${batchId}, ${kind}, ${ruleSets.toJson()}::json) as updated`.execute(db),
  );
  return rows[0]!.updated;
}
