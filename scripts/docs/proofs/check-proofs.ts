import type { Proof } from './find-proofs.ts';
import { type PromiseGroup, listIds } from './read-promises.ts';

/** What is wrong between promises and tests, one sentence each. */
export function checkProofs(groups: readonly PromiseGroup[], proofs: readonly Proof[]): string[] {
  const ids = new Set(listIds(groups));
  const proved = new Set(proofs.flatMap((proof) => proof.ids));
  return [
    ...proofs.flatMap(({ file, title, ids: named }) =>
      named
        .filter((id) => !ids.has(id))
        .map((id) => `${file}: "${title}" proves ${id}, which nobody promises`),
    ),
    ...[...ids].filter((id) => !proved.has(id)).map((id) => `docs/promises: no test proves ${id}`),
  ];
}
