import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** What users may rely on in one area, in the order of its page: from the id to the sentence. */
export interface PromiseGroup {
  readonly name: string;
  readonly promises: Readonly<Record<string, string>>;
}

/** The groups of `docs/promises/`: the file's name is the first part of each id (`rules/places-bind-claims`). */
export function readPromises(root: string): PromiseGroup[] {
  return globSync('docs/promises/*.json', { cwd: root })
    .sort()
    .map((file) => ({
      name: basename(file, '.json'),
      promises: JSON.parse(readFileSync(join(root, file), 'utf8')) as Record<string, string>,
    }));
}

/** The whole id of each promise. */
export function listIds(groups: readonly PromiseGroup[]): string[] {
  return groups.flatMap(({ name, promises }) => Object.keys(promises).map((id) => `${name}/${id}`));
}
