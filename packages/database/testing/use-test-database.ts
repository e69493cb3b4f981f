import { type Database, mendPlaces } from '@arcrun/database';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject } from 'vitest';
import { endPooledConnections } from './pooler.ts';
import { countDeadlocks, findViolations } from './states.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';
import { until } from './waiting.ts';

const RACERS = 'arcrun racers';

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

/** Demands after each test that what always holds does, and that no place, head or lane has drifted. */
export function expectSoundAfterEach(database: TestDatabase): void {
  afterEach(async () => {
    expect(await findViolations(database.db)).toEqual([]);
    expect(await mendPlaces(database.db, 0)).toEqual({ drifted: 0, lostHeads: 0, stuckLanes: 0 });
  });
}

/** Connections for those who race in a test, new for each, and the demand that no two of them met in a deadlock. */
export function useRacers(database: TestDatabase, connections: number): Database {
  const racers = {} as Database;
  beforeEach(() => {
    Object.assign(racers, database.open(connections, RACERS));
  });
  afterEach(async () => {
    await racers.close();
    await endPooledConnections(database.url);
    // Postgres writes down a connection's deadlocks when it ends.
    await until('the racers are gone', async () => {
      const { rows } = await sql<{ left: number }>`
        select count(*)::integer as left from pg_stat_activity
        where datname = current_database() and application_name = ${RACERS}`.execute(database.db);
      return rows[0]!.left === 0;
    });
    expect(await countDeadlocks(database.db)).toBe(0);
  });
  return racers;
}
