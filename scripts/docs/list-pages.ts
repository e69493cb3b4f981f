import { globSync } from 'node:fs';

/** The pages that people read, relative to the root. */
export function listPages(root: string): string[] {
  return ['README.md', ...globSync(['docs/**/*.md', 'packages/*/README.md'], { cwd: root }).sort()];
}
