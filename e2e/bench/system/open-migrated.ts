import { resolve } from 'node:path';
import { type Database, migrate, openDatabase } from '@arcrun/database';

const MIGRATIONS = resolve(import.meta.dirname, '../../../migrations');

/** Opens a database and makes the tables of the product in it. */
export async function openMigrated(url: string): Promise<Database> {
  const database = openDatabase({
    url,
    maxSize: 2,
    minIdle: 0,
    acquireTimeoutMs: 10_000,
    applicationName: 'arcrun-bench',
    // The server stops after us; a connection that breaks is seen by the next query.
    onIdleError: () => undefined,
  });
  await migrate(database.db, MIGRATIONS);
  return database;
}
