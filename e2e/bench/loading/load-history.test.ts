import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import {
  createTestDatabase,
  findViolations,
  submit,
  anAction,
  type TestDatabase,
} from '@arcrun/database/testing';
import { loadHistory } from './load-history.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase(inject('templateUrl'));
  const { ids } = await submit(database.db, { template: { onSuccess: [anAction('told')] } });
  await loadHistory(database.pool, { batches: 300, liveBatches: 20, templateTaskId: ids.template });
}, 60_000);
afterAll(() => database.close());

test('what is loaded could have come from the API and the workers', async () => {
  expect(await findViolations(database.db)).toEqual([]);
});
