import { expect, test } from 'vitest';
import { createMetrics } from './metrics.ts';
import { Sampler } from './sampler.ts';

const NOTHING = {
  tasksByStatus: {},
  runningByKind: {},
  oldestDueSecs: {},
  workersAlive: 0,
  pendingDeliveries: 0,
  openBreakers: 0,
  oldestSnapshotSecs: 0,
};

test('each end is reported once, with what could not be reported before, the last ones on stopping', async () => {
  const metrics = createMetrics();
  const reports: unknown[] = [];
  let tries = 0;
  let isAway = true;
  let sampled = 0;
  const sampler = new Sampler({
    periodSecs: 0.001,
    metrics,
    reportEnds: async (ends) => {
      tries++;
      if (isAway) throw new Error('Postgres is away');
      reports.push(ends);
    },
    sampleFleet: async () => {
      sampled++;
      return NOTHING;
    },
    countJobs: async () => ({}),
    onError: () => undefined,
  });
  metrics.tasksCompleted.inc({ kind: 'etl', outcome: 'success' }, 4);
  sampler.start();
  await expect.poll(() => tries).toBeGreaterThan(1);
  metrics.tasksCompleted.inc({ kind: 'etl', outcome: 'failure' });
  metrics.tasksCompleted.inc({ kind: 'mail', outcome: 'success' });
  isAway = false;
  await expect.poll(() => reports).toHaveLength(1);
  expect(reports[0]).toEqual([
    { kind: 'etl', ended: 5, failed: 1 },
    { kind: 'mail', ended: 1, failed: 0 },
  ]);
  const seen = sampled;
  await expect.poll(() => sampled).toBeGreaterThan(seen + 2);
  expect(reports).toHaveLength(1);
  const stopping = sampler.stop();
  metrics.tasksCompleted.inc({ kind: 'etl', outcome: 'failure' });
  await stopping;
  expect(reports.slice(1)).toEqual([[{ kind: 'etl', ended: 1, failed: 1 }]]);
});
