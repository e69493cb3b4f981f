import { randomBytes } from 'node:crypto';
import { type Database, openDatabase } from '@arcrun/database';
import { createDatabase, dropDatabase } from './databases.ts';
import { nameOfDatabase } from './urls.ts';

export interface TestDatabase extends Database {
  readonly url: string;
  /** One more pool on the same database, as another process has it, of that name. Closed with this one. */
  open(maxSize?: number, applicationName?: string): Database;
  /** Takes every row away, so that the next test begins with nothing. */
  clear(): Promise<void>;
  /** Closes the pools and drops the database. Throws when a connection was left open. */
  close(): Promise<void>;
}

/**
 * A database of its own for one test file: a copy of the migrated template.
 *
 * @param templateUrl what the test run provides (`inject('templateUrl')`)
 */
export async function createTestDatabase(templateUrl: string): Promise<TestDatabase> {
  const name = `arcrun_test_${randomBytes(6).toString('hex')}`;
  const url = await createDatabase(templateUrl, name, nameOfDatabase(templateUrl));
  const opened: Database[] = [];
  const open = (maxSize = 10, applicationName = 'arcrun test'): Database => {
    const database = openDatabase({
      url,
      maxSize,
      minIdle: 0,
      acquireTimeoutMs: 20_000,
      applicationName,
      // A test that ends connections sees it in its queries.
      onIdleError: () => undefined,
    });
    opened.push(database);
    return database;
  };
  const { db, pool, probe } = open();
  return {
    db,
    pool,
    probe,
    url,
    open,
    clear: async () => {
      await pool.query(`
        do $$ begin
          execute (select 'truncate ' || string_agg(format('%I', tablename), ', ') from pg_tables
                   where schemaname = 'public' and tablename not like '%migration%');
        end $$`);
    },
    close: async () => {
      await Promise.all(opened.map((database) => database.close()));
      await dropDatabase(url);
    },
  };
}
