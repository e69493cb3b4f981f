import { checkAttempts } from './checks/check-attempts.ts';
import { checkBatches } from './checks/check-batches.ts';
import { checkChanges, checkCounters } from './checks/check-counters.ts';
import { checkCreated } from './checks/check-created.ts';
import { checkDeadEnds } from './checks/check-dead-ends.ts';
import { checkEnds, checkOrderOfEnds } from './checks/check-ends.ts';
import { checkNotifications } from './checks/check-notifications.ts';
import { checkBatchRequests, checkRequests } from './checks/check-requests.ts';
import { checkPriority } from './checks/check-priority.ts';
import { checkRules } from './checks/check-rules.ts';
import { checkStarts } from './checks/check-starts.ts';
import { type Facts, sortFacts } from './checks/facts.ts';
import type { History } from './run/history.ts';
import { Moments } from './checks/moments.ts';

type Check = (facts: Facts, moments: Moments) => string[];

const CHECKS: readonly Check[] = [
  checkEnds,
  checkOrderOfEnds,
  checkStarts,
  checkAttempts,
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
