import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const LINK = /\[[^\]]*\]\(([^)\s]+)\)/g;
const CODE = /```[\s\S]*?```|`[^`\n]*`/g;

/** The anchor of a heading, as it is on the usual hosts of Markdown. */
export function anchorOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-');
}

/** Relative links, and anchors in pages, that lead nowhere: one sentence each. */
export function findBrokenLinks(root: string, pages: ReadonlyMap<string, string>): string[] {
  const problems: string[] = [];
  for (const [page, text] of pages) {
    for (const [, target = ''] of text.replaceAll(CODE, '').matchAll(LINK)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [path = '', anchor] = target.split('#', 2);
      const file = path === '' ? page : normalize(join(dirname(page), path));
      if (!existsSync(join(root, file))) problems.push(`${page}: ${target} leads nowhere`);
      else if (anchor !== undefined && !anchorsOf(pages.get(file) ?? '').has(anchor))
        problems.push(`${page}: ${target} names no heading of ${file}`);
    }
  }
  return problems;
}

function anchorsOf(text: string): Set<string> {
  const headings = text.replaceAll(/```[\s\S]*?```/g, '').matchAll(/^#+ (.*)$/gm);
  return new Set(Array.from(headings, ([, heading = '']) => anchorOf(heading)));
}
