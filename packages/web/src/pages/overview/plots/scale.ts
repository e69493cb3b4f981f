const ROUND = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];

/** A round whole number that is not below `value`; 1 when there is nothing. */
export function roundUp(value: number): number {
  if (value <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const rounds = ROUND.map((factor) => factor * power);
  return rounds.find((round) => round >= value && Number.isInteger(round)) ?? 10 * power;
}

/** Points of an axis from 0 to `max`: its ends, and the middle when that is a whole number. */
export function axisTicks(max: number): number[] {
  return max % 2 === 0 ? [0, max / 2, max] : [0, max];
}

/** A number in few letters: 950, 1.2k, 35k, 4.1M. */
export function shortNumber(value: number): string {
  if (value < 1000) return String(value);
  const [divisor, unit] = value < 999_500 ? [1000, 'k'] : [1_000_000, 'M'];
  const amount = value / divisor;
  return `${amount < 10 ? amount.toFixed(1).replace(/\.0$/, '') : Math.round(amount)}${unit}`;
}
