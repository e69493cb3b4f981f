// `npm run docs` renews the parts of the pages that are generated; with --check it changes nothing and fails on
// what is stale, on links that lead nowhere, and on promises that no test proves.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fillSections } from './fill-sections.ts';
import { findBrokenLinks } from './find-broken-links.ts';
import { listPages } from './list-pages.ts';
import { renewFiles } from './made-files.ts';
import { drawPlots } from './performance/sections.ts';
import { checkProofs } from './proofs/check-proofs.ts';
import { findAllProofs } from './proofs/find-proofs.ts';
import { listProofs } from './proofs/list-proofs.ts';
import { readPromises } from './proofs/read-promises.ts';
import { SECTIONS } from './sections.ts';

const root = resolve(import.meta.dirname, '../..');
const isCheck = process.argv.includes('--check');
const problems: string[] = [];
const pages = new Map(listPages(root).map((page) => [page, readFileSync(join(root, page), 'utf8')]));

const promises = readPromises(root);
const proofs = findAllProofs(root);
const proofSections = promises.map((group) => [`proofs-${group.name}`, () => listProofs(group, proofs)]);
const sections = { ...SECTIONS, ...Object.fromEntries(proofSections) };

for (const [page, text] of pages) {
  const filled = fillSections(page, text, sections);
  pages.set(page, filled);
  if (filled === text) continue;
  if (isCheck) problems.push(`${page}: is stale; npm run docs renews it`);
  else writeFileSync(join(root, page), filled);
}
problems.push(...renewFiles(root, 'docs/performance/*.svg', drawPlots(), isCheck));
problems.push(...findBrokenLinks(root, pages), ...checkProofs(promises, proofs));
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
