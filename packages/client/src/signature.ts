import { readCall } from './handle.ts';
import type { IncomingCall, WebhookCall } from './handle.ts';
import type { TransportOptions } from './transport.ts';

/** How far a call's time may be from ours, as Standard Webhooks advises: an older one may be somebody's copy. */
const TOLERANCE_SECS = 300;

export interface SignatureOptions {
  toleranceSecs?: number;
  /** What time it is; by default this machine's. */
  now?: Date;
}

/**
 * Whether a webhook call was signed with the secret, and lately (Standard Webhooks, symmetric signatures).
 *
 * @param body exactly the bytes that came, or their text: JSON that was parsed and written again is another text
 * @param secrets `whsec_…`; of several, one must have signed, so that a secret can take the place of another
 * @throws when a secret is not base64
 */
export async function isSigned(
  { headers }: Pick<IncomingCall, 'headers'>,
  body: string | Uint8Array,
  secrets: string | readonly string[],
  { toleranceSecs = TOLERANCE_SECS, now = new Date() }: SignatureOptions = {},
): Promise<boolean> {
  const all = new Headers();
  for (const [name, value] of headers instanceof Headers ? headers : Object.entries(headers)) {
    if (typeof value === 'string') all.set(name, value);
  }
  const id = all.get('webhook-id');
  const timestamp = all.get('webhook-timestamp');
  const signatures = all.get('webhook-signature');
  if (id === null || timestamp === null || signatures === null || !/^\d{1,15}$/.test(timestamp)) return false;
  if (Math.abs(now.getTime() / 1000 - Number(timestamp)) > toleranceSecs) return false;
  const signed = concatenated(new TextEncoder().encode(`${id}.${timestamp}.`), body);
  const given = signatures.split(' ').flatMap((signature) => {
    const [version, text = ''] = signature.split(',');
    const bytes = version === 'v1' ? fromBase64(text) : null;
    return bytes === null ? [] : [bytes];
  });
  for (const key of await Promise.all([secrets].flat().map(importKey))) {
    for (const signature of given) {
      // It compares in constant time.
      if (await crypto.subtle.verify('HMAC', key, signature, signed)) return true;
    }
  }
  return false;
}

/**
 * Reads a webhook call as `readCall` does, once its signature has been checked.
 *
 * @returns undefined when the request is no such call, or nobody signed it who knows the secret
 */
export async function readSignedCall(
  request: IncomingCall,
  body: string | Uint8Array,
  secrets: string | readonly string[],
  options: TransportOptions & SignatureOptions = {},
): Promise<WebhookCall | undefined> {
  const call = readCall(request, options);
  // The key of the call is what was signed, so that none can be given to another one's signature.
  const isOurs = call !== undefined && (await isSigned(request, body, secrets, options));
  return isOurs && headerOf(request, 'webhook-id') === call.idempotencyKey ? call : undefined;
}

function headerOf({ headers }: IncomingCall, name: string): unknown {
  return headers instanceof Headers ? headers.get(name) : headers[name];
}

function importKey(secret: string) {
  const bytes = fromBase64(secret.replace(/^whsec_/, ''));
  if (bytes === null || bytes.length === 0) throw new TypeError('The secret of webhooks is not base64');
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
}

function concatenated(head: Uint8Array, body: string | Uint8Array): Uint8Array<ArrayBuffer> {
  const tail = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  const whole = new Uint8Array(head.length + tail.length);
  whole.set(head);
  whole.set(tail, head.length);
  return whole;
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}
