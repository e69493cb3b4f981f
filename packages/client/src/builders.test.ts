import { expect, test } from 'vitest';
import { after, capacity, concurrency, matcher, task, webhook } from './index.ts';

test('builders write what is given, and plain parents as required ones', () => {
  const made = task({
    id: 'b',
    name: 'B',
    kind: 'k',
    on_start: webhook('http://r', { verb: 'Put', body: null, headers: { a: 'b' } }),
    dependencies: ['a', after('c')],
  });
  expect(made.dependencies).toEqual([
    { id: 'a', requires_success: true },
    { id: 'c', requires_success: false },
  ]);
  expect(made.on_start.params).toEqual({ url: 'http://r', verb: 'Put', body: null, headers: { a: 'b' } });
});

test('rules are written as the contract spells them', () => {
  expect(concurrency(3, matcher('etl', { fields: ['tenant'] }))).toEqual({
    type: 'Concurency',
    max_concurency: 3,
    matcher: { status: 'Running', kind: 'etl', fields: ['tenant'] },
  });
  expect(capacity(500, matcher('etl'))).toEqual({
    type: 'Capacity',
    max_capacity: 500,
    matcher: { status: 'Running', kind: 'etl', fields: [] },
  });
  expect(matcher('etl', { status: 'Waiting' }).status).toBe('Waiting');
});
