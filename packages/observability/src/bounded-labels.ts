/**
 * Keeps the number of values of a label bounded: users choose kinds freely, and each would be a time series for
 * ever. The first `max` keep their name, later ones share `other`.
 */
export function boundLabel(max: number): (value: string) => string {
  const known = new Set<string>();
  return (value) => {
    if (known.has(value)) return value;
    if (known.size >= max) return 'other';
    known.add(value);
    return value;
  };
}
