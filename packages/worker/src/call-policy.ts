import type { ActionToCall } from '@arcrun/database';
import type { CallRetryPolicy } from '@arcrun/domain';

/** How often and when a call is made again: as its action says, and else as the settings do. */
export function callPolicyOf(
  { maxAttempts, backoffSecs }: Pick<ActionToCall, 'maxAttempts' | 'backoffSecs'>,
  settings: CallRetryPolicy,
): CallRetryPolicy {
  const backoffBaseSecs = backoffSecs ?? settings.backoffBaseSecs;
  return {
    ...settings,
    maxAttempts: maxAttempts ?? settings.maxAttempts,
    backoffBaseSecs,
    // Who asks for a longer wait than the cap gets it.
    backoffCapSecs: Math.max(settings.backoffCapSecs, backoffBaseSecs),
  };
}
