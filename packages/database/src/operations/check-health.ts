import type { Database } from '../connection.ts';

/**
 * Whether Postgres answers in time. Asks past the pool, whose connections may all be at work, and past the breaker, which
 * would only say what was true a while ago.
 */
export async function isDatabaseHealthy(
  { probe }: Pick<Database, 'probe'>,
  limitMs: number,
): Promise<boolean> {
  const { promise: tooLate, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(() => resolve(false), limitMs);
  const check = probe.query('select 1').then(
    () => true,
    () => false,
  );
  const isHealthy = await Promise.race([check, tooLate]);
  clearTimeout(timer);
  return isHealthy;
}
