import { expect, test } from 'vitest';
import type { Rule } from '../../api/types.ts';
import { ruleText } from './rule-words.ts';

const matcher = (fields: string[] = [], status: Rule['matcher']['status'] = 'Running') => ({
  status,
  kind: 'etl',
  fields,
});

test.each<[Rule, string]>([
  [
    { type: 'Concurency', max_concurency: 3, matcher: matcher(['tenant', 'region']) },
    'At most 3 running tasks of kind etl with the same tenant and region',
  ],
  [{ type: 'Concurency', max_concurency: 1, matcher: matcher() }, 'At most 1 running task of kind etl'],
  [
    { type: 'Concurency', max_concurency: 0, matcher: matcher([], 'Failure') },
    'No failure tasks of kind etl',
  ],
  [
    { type: 'Capacity', max_capacity: 5000, matcher: matcher(['tenant']) },
    'Remaining work of running tasks of kind etl with the same tenant below 5,000',
  ],
])('%j in words', (rule, text) => {
  expect(ruleText(rule)).toBe(text);
});
