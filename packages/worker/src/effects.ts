import type { EndEffects } from '@arcrun/database';
import { countEffects, type Metrics } from '@arcrun/observability';
import type { Doorbell } from '@arcrun/queue';

/** Rings for what ends brought about, and counts it. */
export function announceEffects(effects: EndEffects, doorbell: Doorbell, metrics: Metrics): void {
  doorbell.ringForEffects(effects);
  countEffects(metrics, effects);
}
