import { expect, test } from 'vitest';
import { callPolicyOf } from './call-policy.ts';

const SETTINGS = { maxAttempts: 10, maxAgeSecs: 259_200, backoffBaseSecs: 2, backoffCapSecs: 300 };

test('what an action says stands in place of the settings', () => {
  expect(callPolicyOf({ maxAttempts: null, backoffSecs: null }, SETTINGS)).toEqual(SETTINGS);
  expect(callPolicyOf({ maxAttempts: 3, backoffSecs: 0.5 }, SETTINGS)).toEqual({
    ...SETTINGS,
    maxAttempts: 3,
    backoffBaseSecs: 0.5,
  });
});

test('a longer wait than the settings allow is not cut', () => {
  expect(callPolicyOf({ maxAttempts: null, backoffSecs: 3600 }, SETTINGS)).toMatchObject({
    backoffBaseSecs: 3600,
    backoffCapSecs: 3600,
  });
});
