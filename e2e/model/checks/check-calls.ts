import type { ObservedCall } from '../run/history.ts';
import type { ActionPlan } from '../scenario/scenario.ts';

/**
 * The request line's target: the URL's own, with the handle behind its query.
 *
 * @param task its id, with a query when its handle has one
 */
export function expectedTarget({ target }: ActionPlan, task: string | null, hostUrl: string): string {
  if (task === null) return target;
  const handle = encodeURIComponent(`${hostUrl}/task/${task}`);
  return `${target}${target.includes('?') ? '&' : '?'}handle=${handle}`;
}

/** What is wrong with the method and the user's own headers of a call. */
export function checkAsConfigured(call: ObservedCall, { verb, headers = {} }: ActionPlan): string[] {
  const problems: string[] = [];
  if (call.method !== verb.toUpperCase()) problems.push(`its method is ${call.method}`);
  for (const [name, value] of Object.entries(headers)) {
    // Users cannot replace those that are ArcRun's.
    if (name.toLowerCase() === 'x-task-id') continue;
    if (call.headers[name.toLowerCase()] !== value) problems.push(`its header ${name} is not as configured`);
  }
  if (call.headers['transfer-encoding'] !== undefined) problems.push('its body is chunked');
  return problems;
}
