import { aWorker, run, statusesOf, submit, useTestDatabase } from '@arcrun/database/testing';
import { createLogger, createMetrics } from '@arcrun/observability';
import type { Doorbell } from '@arcrun/queue';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Sweep } from '../sweep.ts';
import { processTimeout } from './timeout.ts';

const database = useTestDatabase();

test('a task that cannot be ended keeps no other from timing out, and is told of', async () => {
  const names = ['first', 'broken', 'last'];
  const { id, ids } = await submit(
    database.db,
    Object.fromEntries(names.map((name) => [name, { timeoutSecs: 30 }])),
  );
  await run(database.db, await aWorker(database.db));
  await database.pool.query(`
    update task_state set check_at = check_at - interval '1 minute', started_at = started_at - interval '1 minute',
                          last_updated = last_updated - interval '1 minute'`);
  await database.pool.query(`
    create function refuse() returns trigger language plpgsql as $$ begin raise exception 'it is broken'; end $$;
    create trigger refuse before update on task_state for each row
    when (new.status = 'Failure' and new.id = '${ids['broken']}') execute function refuse()`);
  onTestFinished(async () => void (await database.pool.query('drop function refuse cascade')));
  const logger = createLogger({ level: 'error', format: 'text', service: 'worker' });
  const told = vi.spyOn(logger, 'error').mockReturnValue();
  const swept = vi.fn<() => Promise<void>>(async () => undefined);
  await processTimeout(
    {
      batchSize: 100,
      cascadeLimit: 1000,
      deadEnds: true,
      database,
      doorbell: {
        changed: () => undefined,
        ringForEffects: () => undefined,
        ring: () => undefined,
      } as unknown as Doorbell,
      metrics: createMetrics(),
      logger,
      sweep: { run: swept } as unknown as Sweep,
      stopping: new AbortController().signal,
    },
    {},
  );
  expect(await statusesOf(database.db, id)).toEqual({ first: 'Failure', broken: 'Running', last: 'Failure' });
  expect(told.mock.calls).toMatchObject([['task not timed out', { task_id: ids['broken'] }]]);
  expect(swept).toHaveBeenCalledTimes(1);
});
