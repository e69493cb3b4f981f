import type { BUSY, EndEffects, EndResult } from '@arcrun/database';
import { countEffects, type Metrics } from '@arcrun/observability';
import type { Doorbell } from '@arcrun/queue';

/** Rings for what ends brought about, and counts it. */
export function announceEffects(effects: EndEffects, doorbell: Doorbell, metrics: Metrics): void {
  doorbell.ringForEffects(effects);
  countEffects(metrics, effects);
}

/** Rings when the next attempts may start. */
export function ringForRetries(doorbell: Doorbell, results: readonly (EndResult | typeof BUSY)[]): void {
  for (const result of results)
    if (typeof result === 'object' && result.outcome === 'retried')
      doorbell.ringLater('start', result.retrySecs * 1000);
}
