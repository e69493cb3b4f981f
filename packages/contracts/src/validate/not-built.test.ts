import { expect, test } from 'vitest';
import { notBuilt } from './not-built.ts';
import { batchOf, limit, task, MATCHER } from './sample-requests.ts';

test('what is asked for and not built is named by its field', () => {
  const batch = batchOf([
    task({ rules: [limit(1)] }),
    task({ id: 'b', rules: [], dedupe_strategy: null }),
    task({ id: 'c', dedupe_strategy: [MATCHER] }),
  ]);
  expect(notBuilt(batch, new Set())).toEqual(['tasks[0].rules', 'tasks[2].dedupe_strategy']);
  expect(notBuilt(batch, new Set(['rules']))).toEqual(['tasks[2].dedupe_strategy']);
  expect(notBuilt(batch, new Set(['rules', 'dedupe_strategy']))).toEqual([]);
});
