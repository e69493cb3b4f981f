import { afterAll, beforeAll, beforeEach, inject } from 'vitest';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

/**
 * A database of its own for the tests of the calling file, empty before each of them. It is there from the first hook
 * on that the file registers after this call.
 */
export function useTestDatabase(): TestDatabase {
  const database = {} as TestDatabase;
  beforeAll(async () => {
    Object.assign(database, await createTestDatabase(inject('templateUrl')));
  });
  beforeEach(() => database.clear());
  afterAll(() => database.close());
  return database;
}
