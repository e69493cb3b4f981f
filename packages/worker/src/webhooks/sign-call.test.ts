import { readSettings } from '@arcrun/config';
import { expect, test } from 'vitest';
import { callSigner } from './sign-call.ts';

const SECRETS = readSettings({
  DATABASE_URL: 'postgres://db/arcrun',
  REDIS_URL: 'redis://redis',
  HOST_URL: 'https://arcrun.example',
  WEBHOOK_SIGNING_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
}).WEBHOOK_SIGNING_SECRET;
const call = {
  url: 'http://receiver/work',
  method: 'POST',
  headers: { 'idempotency-key': 'msg_p5jXN8AQM9LWM0D4loKWxJek', 'webhook-id': 'the user’s own' },
  body: '{"test": 2432232314}',
};

// proves: webhooks/signed
test('a call has the headers of the standard, which the user cannot replace', () => {
  const signed = callSigner(SECRETS, () => 1614265330_999)(call);
  expect(signed).toEqual({
    ...call,
    headers: {
      'idempotency-key': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    },
  });
});

test('no body is signed as an empty one', () => {
  const signature = (body: string | null) =>
    callSigner(SECRETS, () => 0)({ ...call, body }).headers['webhook-signature'];
  expect(signature(null)).toBe(signature(''));
});

test('without a secret a call stays as it is', () => {
  expect(callSigner(undefined, () => 0)(call)).toBe(call);
});
