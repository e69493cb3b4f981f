import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { renewFiles } from './made-files.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'docs-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const made = new Map([
  ['plots/a.svg', 'a'],
  ['plots/b.svg', 'b'],
]);
const renew = (isCheck: boolean) => renewFiles(root, 'plots/*.svg', made, isCheck);

test('files are made, renewed and, when nothing makes them any more, taken away', () => {
  expect(renew(false)).toEqual([]);
  writeFileSync(join(root, 'plots/a.svg'), 'old');
  writeFileSync(join(root, 'plots/c.svg'), 'left over');
  expect(renew(false)).toEqual([]);
  expect(readFileSync(join(root, 'plots/a.svg'), 'utf8')).toBe('a');
  expect(() => readFileSync(join(root, 'plots/c.svg'))).toThrow('ENOENT');
});

test('a check names what is missing, stale or left over, and changes nothing', () => {
  renew(false);
  rmSync(join(root, 'plots/a.svg'));
  writeFileSync(join(root, 'plots/b.svg'), 'old');
  writeFileSync(join(root, 'plots/c.svg'), 'left over');
  const stale = ['plots/a.svg: is stale', 'plots/b.svg: is stale', 'plots/c.svg: nothing makes it any more'];
  expect(renew(true).map((problem) => problem.split(';')[0])).toEqual(stale);
  expect(readFileSync(join(root, 'plots/b.svg'), 'utf8')).toBe('old');
});
