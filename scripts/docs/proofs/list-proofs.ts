import { toTable } from '../to-table.ts';
import type { Proof } from './find-proofs.ts';
import type { PromiseGroup } from './read-promises.ts';

/** A table of the promises of one group, with links to the tests that prove each. */
export function listProofs({ name, promises }: PromiseGroup, proofs: readonly Proof[]): string {
  const rows = Object.entries(promises).map(([id, sentence]) => [
    `\`${id}\``,
    sentence,
    proofs
      .filter((proof) => proof.ids.includes(`${name}/${id}`))
      .map(({ file, title }) => `[${file.split('/').at(-1)}](../${file}): ${escapeText(title)}`)
      .join('<br>'),
  ]);
  return toTable(['id', 'promise', 'tests'], rows);
}

/** A title is shown as it is: nothing in it is a tag, a link or emphasis. */
function escapeText(title: string): string {
  return title.replaceAll('<', '&lt;').replaceAll(/[\\`*_[\]]/g, String.raw`\$&`);
}
