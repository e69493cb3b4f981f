import { createHmac, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { headersOf, SIGNED_CALLS } from '../testing/signed-calls.ts';
import { isSigned, readSignedCall } from './index.ts';

const requestOf = (signed: Parameters<typeof headersOf>[0]) => ({ headers: headersOf(signed) });
const at = (timestamp: number, awaySecs = 0) => ({ now: new Date(1000 * (timestamp + awaySecs)) });

// proves: client/signatures
describe.each(SIGNED_CALLS)('the public vector $id', (vector) => {
  const { secret, timestamp, body, signature } = vector;
  const request = requestOf(vector);

  test('is signed', async () => {
    expect(await isSigned(request, body, secret, at(timestamp))).toBe(true);
    expect(await isSigned(request, new TextEncoder().encode(body), secret, at(timestamp))).toBe(true);
    expect(await isSigned(request, body, secret.slice('whsec_'.length), at(timestamp))).toBe(true);
    expect(await isSigned({ headers: new Headers(request.headers) }, body, secret, at(timestamp))).toBe(true);
  });

  test('and nothing that differs is', async () => {
    const headers = (changed: Record<string, string>) => ({ headers: { ...request.headers, ...changed } });
    const other = `whsec_${randomBytes(24).toString('base64')}`;
    expect(await isSigned(request, `${body} `, secret, at(timestamp))).toBe(false);
    expect(await isSigned(request, body, other, at(timestamp))).toBe(false);
    expect(await isSigned(headers({ 'webhook-id': 'msg_other' }), body, secret, at(timestamp))).toBe(false);
    expect(
      await isSigned(headers({ 'webhook-timestamp': String(timestamp + 1) }), body, secret, at(timestamp)),
    ).toBe(false);
    for (const wrong of [
      '',
      'v1,',
      'v1',
      signature.slice(0, -4),
      signature.replace('v1', 'v2'),
      'v1,no base64!',
    ]) {
      expect(await isSigned(headers({ 'webhook-signature': wrong }), body, secret, at(timestamp))).toBe(
        false,
      );
    }
    for (const name of Object.keys(request.headers)) {
      const left = Object.fromEntries(Object.entries(request.headers).filter(([one]) => one !== name));
      expect(await isSigned({ headers: left }, body, secret, at(timestamp))).toBe(false);
    }
    for (const time of ['hello', '', '-1', '1e9', `${timestamp}.5`]) {
      expect(await isSigned(headers({ 'webhook-timestamp': time }), body, secret, at(timestamp))).toBe(false);
    }
  });

  test('is of its time, five minutes before and after', async () => {
    const isSignedAway = (secs: number, toleranceSecs?: number) =>
      isSigned(request, body, secret, { ...at(timestamp, secs), ...(toleranceSecs && { toleranceSecs }) });
    expect(await Promise.all([-300, 300].map((secs) => isSignedAway(secs)))).toEqual([true, true]);
    expect(await Promise.all([-301, 301].map((secs) => isSignedAway(secs)))).toEqual([false, false]);
    expect(await Promise.all([10, 11].map((secs) => isSignedAway(secs, 10)))).toEqual([true, false]);
    // This machine's clock, unless another time is said.
    expect(await isSigned(request, body, secret)).toBe(false);
  });

  test('stands among others', async () => {
    const many = ['v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=', 'v1a,YQ==', signature].join(' ');
    const rotated = requestOf({ ...vector, signature: many });
    const other = `whsec_${randomBytes(24).toString('base64')}`;
    expect(await isSigned(rotated, body, [other, secret], at(timestamp))).toBe(true);
    expect(await isSigned(rotated, body, [other], at(timestamp))).toBe(false);
  });
});

test('a secret that is none is told, without it', async () => {
  const request = requestOf(SIGNED_CALLS[0]);
  for (const secret of ['', 'whsec_', 'not base64']) {
    const checked = isSigned(request, '', secret, at(SIGNED_CALLS[0].timestamp));
    await expect(checked).rejects.toThrow('The secret of webhooks is not base64');
  }
});

// proves: client/signatures
test('a call is read when it is signed, and by its own key', async () => {
  const key = randomBytes(32);
  const timestamp = 1_700_000_000;
  const callOf = (webhookId: string) => ({
    url: `/work?handle=${encodeURIComponent('http://api/task/7')}`,
    headers: {
      'x-task-trigger': 'start',
      'x-task-id': '7',
      'idempotency-key': '7:start',
      ...requestOf({
        id: webhookId,
        timestamp,
        signature: `v1,${createHmac('sha256', key).update(`${webhookId}.${timestamp}.{}`).digest('base64')}`,
      }).headers,
    },
  });
  const read = (webhookId: string, body: string) =>
    readSignedCall(callOf(webhookId), body, key.toString('base64'), at(timestamp));
  expect(await read('7:start', '{}')).toMatchObject({ trigger: 'start', taskId: '7' });
  expect(await read('7:start', '{ }')).toBeUndefined();
  expect(await read('8:start', '{}')).toBeUndefined();
});
