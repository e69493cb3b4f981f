/** A table for a terminal: columns as wide as their widest cell, a rule under the header. */
export function layOut([header = [], ...rows]: readonly (readonly string[])[]): string {
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => row[column]!.length)));
  const rule = widths.map((width) => '-'.repeat(width));
  const lines = [header, rule, ...rows].map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column]!)).join('  '),
  );
  return lines.map((line) => line.trimEnd()).join('\n');
}
