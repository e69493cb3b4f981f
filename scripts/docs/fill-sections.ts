const SECTION = /<!-- generated: ([a-z-]+) -->\n[\s\S]*?<!-- end -->/g;

/**
 * Writes each section anew between its markers, `<!-- generated: name -->` and `<!-- end -->`.
 *
 * @throws when a page names a section that nothing makes
 */
export function fillSections(
  page: string,
  text: string,
  sections: Readonly<Record<string, () => string>>,
): string {
  return text.replaceAll(SECTION, (_whole, name: string) => {
    const make = sections[name];
    if (make === undefined) throw new Error(`${page}: no section is called ${name}`);
    return `<!-- generated: ${name} -->\n\n${make().trim()}\n\n<!-- end -->`;
  });
}
