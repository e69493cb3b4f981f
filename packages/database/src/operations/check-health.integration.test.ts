import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '@arcrun/database/testing';
import { checkHealth } from './check-health.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase(inject('templateUrl'));
});
afterAll(() => database.close());

test('Postgres that answers is healthy', async () => {
  await expect(checkHealth(database.db)).resolves.toBeUndefined();
});

test('Postgres that cannot be reached is not', async () => {
  const gone = await createTestDatabase(inject('templateUrl'));
  await gone.close();
  await expect(checkHealth(gone.db)).rejects.toThrow();
});
