// `npm run docs` renews the parts of the pages that are made from code; with --check it changes nothing and fails on
// what is stale, and on links that lead nowhere.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fillSections } from './fill-sections.ts';
import { findBrokenLinks } from './find-broken-links.ts';
import { listPages } from './list-pages.ts';
import { SECTIONS } from './sections.ts';

const root = resolve(import.meta.dirname, '../..');
const isCheck = process.argv.includes('--check');
const problems: string[] = [];
const pages = new Map(listPages(root).map((page) => [page, readFileSync(join(root, page), 'utf8')]));

for (const [page, text] of pages) {
  const filled = fillSections(page, text, SECTIONS);
  pages.set(page, filled);
  if (filled === text) continue;
  if (isCheck) problems.push(`${page}: is stale; npm run docs renews it`);
  else writeFileSync(join(root, page), filled);
}
problems.push(...findBrokenLinks(root, pages));
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
