import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fillSections } from './fill-sections.ts';
import { anchorOf, findBrokenLinks } from './find-broken-links.ts';
import { SECTIONS } from './sections.ts';

describe('sections', () => {
  const text = 'before\n\n<!-- generated: table -->\n\nold\n\n<!-- end -->\n\nafter\n';

  test('what lies between the markers is written anew, and nothing else', () => {
    const filled = fillSections('page.md', text, { table: () => '| new |' });
    expect(filled).toBe(text.replace('old', '| new |'));
    expect(fillSections('page.md', filled, { table: () => '| new |' })).toBe(filled);
  });

  test('a section that nothing makes is an error', () => {
    expect(() => fillSections('page.md', text, {})).toThrow('page.md: no section is called table');
  });

  test.each(Object.entries(SECTIONS))('%s can be made', (_name, make) => {
    expect(make()).not.toMatch(/undefined|\[object/);
  });

  test('the lifecycle is drawn with each of its states', () => {
    const drawn = SECTIONS['lifecycle']!();
    expect(drawn).toContain('Claimed --> Running: on_start answered 2xx');
    expect(drawn).toContain('open --> Canceled: ');
    expect(drawn.match(/--> Canceled/g)).toHaveLength(1);
  });
});

describe('links', () => {
  let root: string;
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'docs-'));
    mkdirSync(join(root, 'docs'));
    writeFileSync(join(root, 'docs/a.md'), '');
  });
  afterAll(() => rmSync(root, { recursive: true }));

  const check = (text: string) =>
    findBrokenLinks(
      root,
      new Map([
        ['docs/b.md', text],
        ['docs/a.md', '# A & B: `c`'],
      ]),
    );

  test.each(['[x](a.md)', '[x](a.md#a--b-c)', '[x](https://example.com/none)', '`[x](none.md)`'])(
    '%s is right',
    (text) => expect(check(text)).toEqual([]),
  );
  test.each(['[x](none.md)', '[x](../a.md)', '[x](a.md#none)', '[x](#none)'])('%s leads nowhere', (text) =>
    expect(check(text)).toHaveLength(1),
  );
  test('anchors', () => {
    expect(anchorOf('What is *not* here?')).toBe('what-is-not-here');
  });
});
