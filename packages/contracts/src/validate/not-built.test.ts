import { expect, test } from 'vitest';
import { notBuilt } from './not-built.ts';

test('names what is asked for and is not built', () => {
  const tasks = [{ id: 'a' }, { id: 'b', retry: { max_attempts: 3 } }, { id: 'c', retry: null }];
  expect(notBuilt(tasks)).toEqual(['tasks[1].retry']);
  expect(notBuilt({ tasks })).toEqual(['tasks[1].retry']);
  expect(notBuilt([])).toEqual([]);
});
