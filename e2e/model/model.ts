import { checkBatches } from './check-batches.ts';
import { checkChanges, checkCounters } from './check-counters.ts';
import { checkCreated } from './check-created.ts';
import { checkDeadEnds } from './check-dead-ends.ts';
import { checkEnds, checkOrderOfEnds } from './check-ends.ts';
import { checkNotifications } from './check-notifications.ts';
import { checkBatchRequests, checkRequests } from './check-requests.ts';
import { checkPriority, checkRules } from './check-rules.ts';
import { checkStarts } from './check-starts.ts';
import { type Facts, sortFacts } from './facts.ts';
import type { History } from './history.ts';
import { Moments } from './moments.ts';

type Check = (facts: Facts, moments: Moments) => string[];

const CHECKS: readonly Check[] = [
  checkEnds,
  checkOrderOfEnds,
  checkStarts,
  checkRequests,
  checkBatchRequests,
  checkCreated,
  checkCounters,
  checkChanges,
  checkNotifications,
  checkRules,
  checkPriority,
  checkDeadEnds,
  checkBatches,
];

/**
 * The model: what was seen of a scenario must be something that the contract allows. It knows nothing of how the
 * system works; what it cannot decide from outside it allows.
 *
 * @returns a sentence for each thing that the contract does not allow
 */
export function findViolations(history: History): string[] {
  const facts = sortFacts(history);
  const moments = new Moments(facts);
  return CHECKS.flatMap((check) => check(facts, moments));
}
