import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readSome, settingsOrExit } from '@arcrun/config';
import { classifyFailure, migrate, openDatabase } from '@arcrun/database';

// Of npm run migrate, and of the job that runs before a deployment: brings the database up to date and ends.

const WAIT_FOR_POSTGRES_MS = 30_000;
const RETRY_MS = 500;

const database = openDatabase({
  url: settingsOrExit(() => readSome(process.env, ['DATABASE_URL'])).DATABASE_URL,
  maxSize: 2,
  minIdle: 0,
  acquireTimeoutMs: 10_000,
  applicationName: 'arcrun-migrate',
  onIdleError: () => undefined,
});
try {
  const { applied } = await migrateWhenReachable();
  process.stdout.write(
    applied.length === 0
      ? 'The database is up to date.\n'
      : applied.map((name) => `applied ${name}\n`).join(''),
  );
} catch (error) {
  fail(error instanceof Error ? error.message : String(error));
} finally {
  await database.close();
}

async function migrateWhenReachable() {
  const deadlineMs = performance.now() + WAIT_FOR_POSTGRES_MS;
  for (;;) {
    try {
      return await migrate(database.db, findMigrations());
    } catch (error) {
      const cause = error instanceof Error ? (error.cause ?? error) : error;
      if (classifyFailure(cause) !== 'unavailable' || performance.now() > deadlineMs) throw error;
      await delay(RETRY_MS);
    }
  }
}

/** Beside the bundle in an image, at the top of a clone; MIGRATIONS_DIR says otherwise. */
function findMigrations(): string {
  const given = process.env['MIGRATIONS_DIR'];
  if (given !== undefined && given !== '') return given;
  const places = ['migrations', '../migrations', '../../../migrations'].map((place) =>
    join(import.meta.dirname, place),
  );
  return (
    places.find((place) => existsSync(place)) ?? fail('no folder of migrations found; set MIGRATIONS_DIR')
  );
}

function fail(sentence: string): never {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}
