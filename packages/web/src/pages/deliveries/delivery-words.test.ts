import { expect, test } from 'vitest';
import { countDeliveries, triggerName } from './delivery-words.ts';

test.each([
  ['End', 'Success', 'on_success'],
  ['End', 'Failure', 'on_failure'],
  ['Cancel', null, 'cancel action'],
  ['BatchComplete', null, 'on_batch_complete'],
] as const)('%s %s is %s', (trigger, condition, name) => {
  expect(triggerName({ trigger, condition })).toBe(name);
});

test('one is one', () => {
  expect([0, 1, 2].map(countDeliveries)).toEqual(['0 deliveries', '1 delivery', '2 deliveries']);
});
