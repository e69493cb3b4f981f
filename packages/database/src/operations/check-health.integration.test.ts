import { expect, inject, test } from 'vitest';
import { createTestDatabase, useTestDatabase } from '@arcrun/database/testing';
import { isDatabaseHealthy } from './check-health.ts';

const database = useTestDatabase();

test('Postgres that answers is healthy', async () => {
  expect(await isDatabaseHealthy(database, 5000)).toBe(true);
});

// proves: http/health
test('Postgres that cannot be reached is not', async () => {
  const gone = await createTestDatabase(inject('templateUrl'));
  await gone.close();
  expect(await isDatabaseHealthy(gone, 5000)).toBe(false);
});

// proves: http/ready, http/health
test('Postgres that does not answer in time is not', async () => {
  const silent = database.open(1);
  const held = await silent.probe.connect();
  try {
    expect(await isDatabaseHealthy(silent, 50)).toBe(false);
  } finally {
    held.release();
  }
});

test('a process whose connections are all at work does not say that Postgres is gone', async () => {
  const busy = database.open(1);
  const held = await busy.pool.connect();
  try {
    expect(await isDatabaseHealthy(busy, 5000)).toBe(true);
  } finally {
    held.release();
  }
});
