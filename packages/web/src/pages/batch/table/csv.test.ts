import { expect, test } from 'vitest';
import type { BasicTask } from '../../../api/types.ts';
import { sampleTask } from '../graph/sample-tasks.ts';
import { toCsv } from './csv.ts';

const named = (name: string): BasicTask =>
  sampleTask('01990000-0000-7000-8000-000000000000', {
    name,
    kind: 'k',
    status: 'Success',
    created_at: '2026-01-02T03:04:05.678Z',
    success: 3,
    priority: -5,
    attempt: 2,
    max_attempts: 3,
  });

test.each([
  ['plain', 'plain'],
  ['with, comma', '"with, comma"'],
  ['with "quotes"', '"with ""quotes"""'],
  ['two\nlines', '"two\nlines"'],
  ['=HYPERLINK("http://evil")', '"\'=HYPERLINK(""http://evil"")"'],
  ['@SUM(1)', "'@SUM(1)"],
  ['🙂', '🙂'],
])('a name %j', (name, cell) => {
  const [head, line, end] = toCsv([named(name)]).split(/\r\n/);
  expect(head).toMatch(/^id,name,kind,status,/);
  expect(line).toBe(
    `01990000-0000-7000-8000-000000000000,${cell},k,Success,2026-01-02T03:04:05.678Z,,,3,0,,-5,2,3`,
  );
  expect(end).toBe('');
});
