import type { SigningSecrets } from '@arcrun/config';
import type { WebhookCall } from './webhook-client.ts';

/** Puts headers on a call by which its receiver knows who calls: those of Standard Webhooks. */
export type CallSigner = (call: WebhookCall) => WebhookCall;

/**
 * @param secrets undefined: calls are left as they are
 * @param nowMs of a clock that is right: receivers refuse what is minutes old, or to come
 */
export function callSigner(secrets: SigningSecrets | undefined, nowMs: () => number): CallSigner {
  if (secrets === undefined) return (call) => call;
  return (call) => {
    // The same when the same call comes again, and of characters that cannot be taken for another field.
    const id = call.headers['idempotency-key']!;
    const timestampSecs = Math.floor(nowMs() / 1000);
    return {
      ...call,
      headers: {
        ...call.headers,
        'webhook-id': id,
        'webhook-timestamp': String(timestampSecs),
        'webhook-signature': secrets.sign(id, timestampSecs, call.body ?? ''),
      },
    };
  };
}
