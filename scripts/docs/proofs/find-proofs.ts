import { globSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { readTitle } from './read-title.ts';

/** A test, or a group of tests, that would fail if these promises were broken. */
export interface Proof {
  readonly file: string;
  readonly title: string;
  readonly ids: readonly string[];
}

const TEST_FILES = ['packages/*/src/**/*.test.ts', 'e2e/**/*.test.ts', 'scripts/**/*.test.ts'];

const COMMENT = /^\s*\/\/ proves: (.+)$/;
const CONTINUED = /^\s*\/\/ (.+)$/;

/** The proofs that the comments in all test files name. */
export function findAllProofs(root: string): Proof[] {
  return globSync(TEST_FILES, { cwd: root, exclude: ['**/node_modules/**'] })
    .map((file) => file.replaceAll(sep, '/'))
    .sort()
    .flatMap((file) => findProofs(file, readFileSync(join(root, file), 'utf8')));
}

/**
 * The proofs that the comments of one file name. A comment `// proves: a/b, c/d` stands directly above its test; one
 * that ends with a comma goes on in the next line.
 *
 * @throws when something other than a test follows a comment
 */
export function findProofs(file: string, text: string): Proof[] {
  const lines = text.split('\n');
  const proofs: Proof[] = [];
  for (let at = 0; at < lines.length; at++) {
    let list = COMMENT.exec(lines[at]!)?.[1];
    if (list === undefined) continue;
    while (list.endsWith(',')) list += ` ${CONTINUED.exec(lines[++at] ?? '')?.[1] ?? ''}`;
    const title = readTitle(lines.slice(at + 1).join('\n'));
    if (title === undefined) throw new Error(`${file}:${at + 2}: no test follows the comment`);
    proofs.push({ file, title, ids: list.split(/\s*,\s*/).filter(Boolean) });
  }
  return proofs;
}
