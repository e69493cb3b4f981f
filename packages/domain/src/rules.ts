import type { TaskStatus } from './status.ts';

/** Which tasks a rule looks at: those of the kind whose metadata has the carrier's values in `fields`. */
export interface RuleMatcher {
  readonly status: TaskStatus;
  readonly kind: string;
  readonly fields: readonly string[];
}

export type Rule =
  | { readonly type: 'Concurency'; readonly max_concurency: number; readonly matcher: RuleMatcher }
  | { readonly type: 'Capacity'; readonly max_capacity: number; readonly matcher: RuleMatcher };

/** What is counted, by the number that keys carry (migrations/0015-places.sql). */
export const MEASURES = {
  /** Claimed and Running tasks. */
  Running: 0,
  /** The remaining work of Claimed and Running tasks. */
  Work: 1,
  Waiting: 2,
  Pending: 3,
  Claimed: 4,
  Success: 5,
  Failure: 6,
  Paused: 7,
  Canceled: 8,
} as const satisfies Record<TaskStatus | 'Work', number>;

/** A rule as claims read it. */
export interface RuleNeed {
  readonly measure: number;
  readonly kind: string;
  /** Sorted, each once. */
  readonly fields: readonly string[];
  /** The carrier may start while less than this is counted; that another kind may match up to it comes on top. */
  readonly ceiling: number;
}

export function needOf(rule: Rule): RuleNeed {
  const { status, kind, fields } = rule.matcher;
  return {
    measure: rule.type === 'Capacity' ? MEASURES.Work : MEASURES[status],
    kind,
    fields: [...new Set(fields)].toSorted(),
    ceiling: rule.type === 'Capacity' ? rule.max_capacity : rule.max_concurency,
  };
}
