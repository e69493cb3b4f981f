export interface Label {
  readonly text: string;
  readonly className: string;
  /** Where it would stand best: the middle of it, in pixels. */
  readonly x: number;
}

const GAP = 8;

/** About how wide a text is. A plot is drawn without the font that shows it, so this is on the safe side. */
export const widthOf = (text: string, fontSize: number): number => text.length * fontSize * 0.56;

/** Moves labels of one line apart, as little as that needs, and keeps them between two ends. */
export function spreadLabels(
  labels: readonly Label[],
  fontSize: number,
  ends: { readonly from: number; readonly to: number },
): Label[] {
  const sorted = labels.toSorted((a, b) => a.x - b.x);
  const half = (index: number): number => widthOf(sorted[index]!.text, fontSize) / 2;
  const places: number[] = [];
  sorted.forEach(({ x }, index) => {
    const free = index === 0 ? ends.from + half(0) : places[index - 1]! + half(index - 1) + GAP + half(index);
    places.push(Math.max(x, free));
  });
  for (let index = sorted.length - 1; index >= 0; index--) {
    const free =
      index === sorted.length - 1
        ? ends.to - half(index)
        : places[index + 1]! - half(index + 1) - GAP - half(index);
    places[index] = Math.min(places[index]!, free);
  }
  return sorted.map((label, index) => ({ ...label, x: places[index]! }));
}
