import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Brings files that are wholly generated up to date, and takes away those that nothing makes any more.
 *
 * @param pattern all files of this kind, made or left over; relative to the root
 * @param made what they have to hold, by path
 * @param isCheck changes nothing
 * @returns what is stale: one sentence each; empty when it was not only checked
 */
export function renewFiles(
  root: string,
  pattern: string,
  made: ReadonlyMap<string, string>,
  isCheck: boolean,
): string[] {
  const leftOver = globSync(pattern, { cwd: root }).filter((path) => !made.has(path));
  const stale = [...made].filter(([path, text]) => readIfThere(join(root, path)) !== text);
  if (isCheck) {
    return [
      ...stale.map(([path]) => `${path}: is stale; npm run docs renews it`),
      ...leftOver.map((path) => `${path}: nothing makes it any more; npm run docs takes it away`),
    ];
  }
  for (const path of leftOver) rmSync(join(root, path));
  for (const [path, text] of stale) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return [];
}

const readIfThere = (path: string): string | undefined =>
  existsSync(path) ? readFileSync(path, 'utf8') : undefined;
