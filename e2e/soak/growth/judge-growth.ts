/** What was measured at one moment, by name; absent where it could not be. */
export type Measures = Readonly<Record<string, number>>;

export interface Limit {
  /** Of what is measured, by the beginning of its name. */
  readonly prefix: string;
  /** How much more than at its highest before is no growth yet: a share, and an amount. */
  readonly share: number;
  readonly amount: number;
}

/** Fewer moments than this say nothing. */
const MIN_MOMENTS = 6;

/**
 * What grows: in the last third of the moments it is always higher than ever in the third before, by more than its
 * limit. The first third is left out, in which caches fill and tables find their size.
 *
 * @returns a sentence for each; empty when there were too few moments to tell
 */
export function findGrowth(moments: readonly Measures[], limits: readonly Limit[]): string[] {
  if (moments.length < MIN_MOMENTS) return [];
  const third = Math.floor(moments.length / 3);
  const before = moments.slice(third, -third);
  const after = moments.slice(-third);
  const names = new Set(moments.flatMap((moment) => Object.keys(moment)));
  return [...names].flatMap((name) => {
    const limit = limits.find(({ prefix }) => name.startsWith(prefix));
    if (limit === undefined) return [];
    const valuesOf = (some: readonly Measures[]) =>
      some.map((moment) => moment[name]).filter((value) => value !== undefined);
    const highestBefore = Math.max(...valuesOf(before));
    const lowestAfter = Math.min(...valuesOf(after));
    return lowestAfter > highestBefore * (1 + limit.share) + limit.amount
      ? [`${name} grows: at most ${format(highestBefore)} before, at least ${format(lowestAfter)} after`]
      : [];
  });
}

/** The first, the middle and the last moment of each, one under the other. */
export function tellGrowth(moments: readonly Measures[]): string {
  const shown = [moments[0], moments[Math.floor(moments.length / 2)], moments.at(-1)];
  const names = Object.keys(moments.at(-1) ?? {});
  const lines = names.map((name) => [name, ...shown.map((moment) => format(moment?.[name] ?? Number.NaN))]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(0, ...lines.map((line) => line[column]!.length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
        .join('  '),
    )
    .join('\n');
}

const format = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(1));
