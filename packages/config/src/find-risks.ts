import type { Settings } from './read-settings.ts';

const DAY_SECS = 86_400;
/** Streams of events take two, and a long list one. */
const POOL_ENOUGH = 4;

/** What works, but keeps a promise badly: one sentence for each, which begins with the setting. */
export function findRisks(settings: Settings): string[] {
  const risks: string[] = [];
  if (settings.POOL_MAX_SIZE < POOL_ENOUGH)
    risks.push(`POOL_MAX_SIZE: with less than ${POOL_ENOUGH} connections, long calls hold up all others`);
  const retentionSecs = settings.RETENTION_DAYS * DAY_SECS;
  if (settings.RETENTION_ENABLED && settings.WEBHOOK_MAX_AGE_SECS > retentionSecs)
    risks.push(
      'WEBHOOK_MAX_AGE_SECS: is above RETENTION_DAYS, so batches that are due for the archive may have to wait for notifications',
    );
  return risks;
}
