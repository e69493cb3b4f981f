/** Maps values to places on an axis. */
export interface Scale {
  readonly isLog: boolean;
  /** In ascending order. */
  readonly ticks: readonly number[];
  /** From 0 at the start of the axis to 1 at its end. */
  readonly placeOf: (value: number) => number;
}

/** From this ratio on the small ones would lie on top of each other at the start of an axis from zero. */
const WIDE = 40;
/** What is smaller than this part of a step comes from reckoning with fractions. */
const ROUNDING = 1e-9;
/** An axis of more decades has only powers of ten as ticks. */
const FEW_DECADES = 2.5;

/** An axis from zero, or of the logarithm where the values lie far apart. */
export function chooseScale(values: readonly number[]): Scale {
  const measured = values.filter((value) => Number.isFinite(value));
  const [smallest, largest] = [Math.min(...measured), Math.max(...measured)];
  return smallest > 0 && largest / smallest >= WIDE
    ? logScale(smallest, largest)
    : linearScale(smallest, largest);
}

function linearScale(smallest: number, largest: number): Scale {
  const isFlat = !(smallest < 0 || largest > 0);
  const [lowest, highest] = isFlat ? [0, 1] : [Math.min(0, smallest), Math.max(0, largest)];
  const step = roundStep((highest - lowest) / 5);
  const [first, last] = [Math.floor(lowest / step + ROUNDING), Math.ceil(highest / step - ROUNDING)];
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
  const [from, to] = [ticks[0]!, ticks.at(-1)!];
  return { isLog: false, ticks, placeOf: (value) => (value - from) / (to - from) };
}

/** The next larger of 1, 2 and 5 times a power of ten. */
function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  return power * ([1, 2, 5].find((factor) => factor * power >= step * (1 - ROUNDING)) ?? 10);
}

function logScale(smallest: number, largest: number): Scale {
  const steps: number[] = [];
  for (let power = Math.floor(Math.log10(smallest)); power <= Math.ceil(Math.log10(largest)); power++)
    steps.push(...[1, 2, 5].map((factor) => factor * 10 ** power));
  const start = steps.findLast((step) => step <= smallest)!;
  const end = steps.find((step) => step >= largest)!;
  const decades = Math.log10(end / start);
  const isTick = (step: number): boolean => decades <= FEW_DECADES || Number.isInteger(Math.log10(step));
  return {
    isLog: true,
    ticks: steps.filter((step) => step >= start && step <= end && isTick(step)),
    placeOf: (value) => Math.log10(value / start) / decades,
  };
}
