import type { NewBatch } from './new-batch.ts';

/** Parts of the contract that a server may not have yet, named as the field that asks for them. */
export const OPTIONAL_FEATURES = ['rules', 'dedupe_strategy'] as const;
export type OptionalFeature = (typeof OPTIONAL_FEATURES)[number];

/**
 * Names the fields of a valid request that ask for what is not built yet, so that it is refused and never ignored.
 *
 * @returns fields such as `tasks[2].dedupe_strategy`; empty when everything asked for is there
 */
export function notBuilt(batch: NewBatch, builtFeatures: ReadonlySet<OptionalFeature>): string[] {
  const fields: string[] = [];
  for (const [i, task] of batch.tasks.entries()) {
    if (task.rules.length > 0 && !builtFeatures.has('rules')) fields.push(`tasks[${i}].rules`);
    if (task.dedupe.length > 0 && !builtFeatures.has('dedupe_strategy'))
      fields.push(`tasks[${i}].dedupe_strategy`);
  }
  return fields;
}
