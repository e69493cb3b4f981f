import type { Claim, Database, LeasedDelivery } from '@arcrun/database';
import { createLogger, type Tracing } from '@arcrun/observability';
import { expect, test } from 'vitest';
import { TaskTraces } from './task-traces.ts';

// proves: traces/collector-away
test('what cannot be looked up is not traced, and fails nothing', async () => {
  const traces = new TaskTraces({
    tracing: { current: () => undefined } as unknown as Tracing,
    // Postgres is away.
    database: { db: null } as unknown as Database,
    logger: createLogger({ level: 'error', format: 'text', service: 'worker' }),
  });
  expect(await traces.claimed([{ id: 'a', claim: 1 } as Claim])).toEqual(new Map());
  expect(await traces.delivered([{ id: 'b', taskId: 'a', batchId: null } as LeasedDelivery])).toEqual(
    new Map(),
  );
  await expect(traces.ended(['a'])).resolves.toBeUndefined();
});
