import { expect, test } from 'vitest';
import { summarize, toCells } from './summarize.ts';

test('runs of a fault are added up, and the worst recovery is told', () => {
  const run = { fault: 'b', tasks: 700, duplicates: 1, lost: 0, recoveryMs: 400 };
  const summaries = summarize([run, { ...run, fault: 'a', recoveryMs: null }, { ...run, recoveryMs: 1234 }]);
  expect(summaries.map(toCells)).toEqual([
    ['a', '1', '700', '1', '0', ''],
    ['b', '2', '1,400', '2', '0', '1.2 s'],
  ]);
});
