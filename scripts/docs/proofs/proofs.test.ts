import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { checkProofs } from './check-proofs.ts';
import { findAllProofs, findProofs } from './find-proofs.ts';
import { listProofs } from './list-proofs.ts';
import { readPromises } from './read-promises.ts';
import { readTitle } from './read-title.ts';

const GROUP = { name: 'a', promises: { one: 'One.', two: 'Two.' } };

test.each([
  [`test('plain', () => {`, 'plain'],
  [`  it("isn't", async () => {`, "isn't"],
  [String.raw`test('isn\'t', async () => {`, "isn't"],
  ['test(\n  `seeds ${FIRST}: all`,\n', 'seeds ${FIRST}: all'],
  [`describe.each(MODES)('$mode', () => {`, '$mode'],
  [`test.each([\n  ['a)', f(1)], // ')'\n])('%s is', (name) => {`, '%s is'],
  [`test.each<[string, Array<string>]>([['x']])('%s is', f)`, '%s is'],
  [`test.each(['x'])(\n  '%s is',\n`, '%s is'],
  [`const x = 1;`, undefined],
  ['', undefined],
])('the title of %j', (source, title) => {
  expect(readTitle(source)).toBe(title);
});

test('a comment names what the test below it proves, in several lines if need be', () => {
  const text = [
    '  // proves: a/one',
    "  test('first', () => {});",
    '  // proves: a/one, a/two,',
    '  // b/three',
    "  test('second', () => {});",
    '  // what a test proves: nothing',
    "  test('third', () => {});",
  ].join('\n');
  expect(findProofs('x.test.ts', text)).toEqual([
    { file: 'x.test.ts', title: 'first', ids: ['a/one'] },
    { file: 'x.test.ts', title: 'second', ids: ['a/one', 'a/two', 'b/three'] },
  ]);
});

test('a comment above something else is a mistake', () => {
  expect(() => findProofs('x.test.ts', '// proves: a/one\n\ntest("x", () => {});')).toThrow('x.test.ts:2: ');
});

test('a promise without a test, and a test for what nobody promises, are told', () => {
  const proof = { file: 'x.test.ts', title: 'first', ids: ['a/one', 'a/tow'] };
  expect(checkProofs([GROUP], [proof])).toEqual([
    'x.test.ts: "first" proves a/tow, which nobody promises',
    'docs/promises: no test proves a/two',
  ]);
  expect(checkProofs([GROUP], [{ ...proof, ids: ['a/one', 'a/two'] }])).toEqual([]);
});

test('the table has a row for each promise, with its tests', () => {
  const proof = { file: 'e2e/x.test.ts', title: 'a_b <c>', ids: ['a/one'] };
  expect(listProofs(GROUP, [proof, proof])).toContain(
    String.raw`| ${'`one`'} | One. | [x.test.ts](../e2e/x.test.ts): a\_b &lt;c><br>[x.test.ts](../e2e/x.test.ts): a\_b &lt;c> |`,
  );
});

test('promises and proofs are found where they lie', () => {
  const root = mkdtempSync(join(tmpdir(), 'proofs-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const folder of ['docs/promises', 'packages/p/src/deep', 'packages/p/dist', 'e2e'])
    mkdirSync(join(root, folder), { recursive: true });
  const proof = `// proves: a/one\ntest('t', () => {});\n`;
  for (const file of [
    'packages/p/src/deep/d.test.ts',
    'packages/p/dist/e.test.ts',
    'e2e/f.test.ts',
    'e2e/g.ts',
  ])
    writeFileSync(join(root, file), proof);
  writeFileSync(join(root, 'docs/promises/a.json'), JSON.stringify(GROUP.promises));

  expect(readPromises(root)).toEqual([GROUP]);
  expect(findAllProofs(root).map(({ file }) => file)).toEqual([
    'e2e/f.test.ts',
    'packages/p/src/deep/d.test.ts',
  ]);
});
