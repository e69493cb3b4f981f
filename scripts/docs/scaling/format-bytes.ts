import { formatNumber } from '../../../e2e/bench/report/format-number.ts';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** In the largest unit of which there is at least one. */
export function formatBytes(bytes: number, suffix = ''): string {
  if (!(bytes > 0)) return `${formatNumber(bytes)} B${suffix}`;
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(bytes) / 3)));
  return `${formatNumber(bytes / 1000 ** power)} ${UNITS[power]}${suffix}`;
}
