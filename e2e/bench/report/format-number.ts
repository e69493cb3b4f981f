import type { Measure } from '../scenarios/scenario.ts';

/** Three digits that count, below 1 two; "?" for what was not measured. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '?';
  const size = Math.abs(value);
  if (size > 0 && size < 1)
    return value.toLocaleString('en-US', { minimumSignificantDigits: 2, maximumSignificantDigits: 2 });
  const digits = size >= 100 || size === 0 ? 0 : size >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export const formatValue = (value: number, unit: string): string => withUnit(formatNumber(value), unit);

/** A rate that names nothing ("/s") stands close to its number, and a mere number has no unit. */
export const withUnit = (number: string, unit: string): string =>
  unit === '' || unit.startsWith('/') ? `${number}${unit}` : `${number} ${unit}`;

/** From the smallest to the largest that was measured; empty for a single value, which has no spread. */
export function formatSpread(values: readonly number[]): string {
  const measured = values.filter((value) => Number.isFinite(value));
  if (measured.length < 2) return '';
  return `${formatNumber(Math.min(...measured))} – ${formatNumber(Math.max(...measured))}`;
}

/** A number that was chosen, not measured: with all its digits, and none more. */
export const formatExactly = (value: number): string =>
  value.toLocaleString('en-US', { maximumFractionDigits: 6 });

/** As it was set; empty without a bar. */
export function formatBar({ bar, unit }: Pick<Measure, 'bar' | 'unit'>): string {
  if (bar === undefined) return '';
  return 'atLeast' in bar
    ? `≥ ${withUnit(formatExactly(bar.atLeast), unit)}`
    : `≤ ${withUnit(formatExactly(bar.atMost), unit)}`;
}

export function formatVerdict(met: boolean | null): string {
  if (met === null) return '';
  return met ? 'met' : 'NOT met';
}

/** Writes the numbers of five and more digits in a text with separators. */
export const separateThousands = (text: string): string =>
  text.replaceAll(/\d{5,}/g, (digits) => Number(digits).toLocaleString('en-US'));
