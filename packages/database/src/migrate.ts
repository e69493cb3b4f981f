import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { classifyFailure } from './failures.ts';
import type { Schema } from './schema.ts';

export interface MigrationResult {
  /** Names of the files that were applied now. */
  readonly applied: readonly string[];
}

/**
 * Applies the SQL files of a folder that have not been applied yet, in the order of their names, all or none.
 * Many processes may do so at once: one applies, the others wait for it.
 *
 * @throws when a file that was applied has changed since, or when one fails
 */
export async function migrate(db: Kysely<Schema>, folder: string): Promise<MigrationResult> {
  const files = await readMigrations(folder);
  for (let attempt = 1; ; attempt++) {
    try {
      return await applyAll(db, files);
    } catch (error) {
      if (attempt === ATTEMPTS || !isInUse(error)) throw error;
      await delay(PAUSE_MS);
    }
  }
}

/**
 * The tables may be in use: whoever waits for one as a whole has everybody wait behind it, and may deadlock with those
 * that have another already. So it waits shortly, and comes again.
 */
const LOCK_TIMEOUT = '2s';
const ATTEMPTS = 20;
const PAUSE_MS = 250;

function isInUse(error: unknown): boolean {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return ['conflict', 'locked'].includes(classifyFailure(cause));
}

function applyAll(db: Kysely<Schema>, files: readonly MigrationFile[]): Promise<MigrationResult> {
  return db.transaction().execute(async (trx) => {
    // Until the transaction ends. Kysely's own belongs to the session, which a pooler lends to others meanwhile.
    await sql`select pg_advisory_xact_lock(${sql.lit(MIGRATION_LOCK)})`.execute(trx);
    await sql`set local lock_timeout = ${sql.lit(LOCK_TIMEOUT)}`.execute(trx);
    await compareChecksums(trx, files);
    return { applied: await applyNew(trx, files) };
  });
}

/** That of Kysely, so that earlier versions of this wait for it too. */
const MIGRATION_LOCK = 3853314791062309107n;

/** @returns the names of those that were applied */
async function applyNew(trx: Kysely<Schema>, files: readonly MigrationFile[]): Promise<readonly string[]> {
  const migrations = Object.fromEntries(files.map((file) => [file.name, toMigration(file)]));
  const migrator = new Migrator({ db: trx, provider: { getMigrations: async () => migrations } });
  const { error, results } = await migrator.migrateToLatest();
  const failed = results?.find((result) => result.status === 'Error');
  if (failed !== undefined) {
    throw new Error(`migration ${failed.migrationName} failed: ${messageOf(error)}`, { cause: error });
  }
  if (error !== undefined) throw new Error(`migrating failed: ${messageOf(error)}`, { cause: error });
  return (results ?? []).map((result) => result.migrationName);
}

interface MigrationFile {
  readonly name: string;
  readonly statements: string;
  readonly checksum: string;
}

async function readMigrations(folder: string): Promise<MigrationFile[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    names.map(async (fileName) => {
      const statements = await readFile(join(folder, fileName), 'utf8');
      return {
        name: fileName.slice(0, -'.sql'.length),
        statements,
        checksum: createHash('sha256').update(statements).digest('hex'),
      };
    }),
  );
}

function toMigration(file: MigrationFile): Migration {
  return {
    up: async (trx) => {
      await sql`create table if not exists migration_checksum (name text primary key, checksum text not null)`.execute(
        trx,
      );
      await sql.raw(file.statements).execute(trx);
      await sql`insert into migration_checksum (name, checksum) values (${file.name}, ${file.checksum})`.execute(
        trx,
      );
    },
  };
}

/** A file that was edited after it was applied would leave databases that differ without a word. */
async function compareChecksums(db: Kysely<Schema>, files: readonly MigrationFile[]): Promise<void> {
  const found = await sql<{ exists: boolean }>`
    select to_regclass('migration_checksum') is not null as exists`.execute(db);
  if (!found.rows[0]!.exists) return;
  const { rows } = await sql<{
    name: string;
    checksum: string;
  }>`select name, checksum from migration_checksum`.execute(db);
  const applied = new Map(rows.map((row) => [row.name, row.checksum]));
  const changed = files.filter((file) => applied.has(file.name) && applied.get(file.name) !== file.checksum);
  if (changed.length > 0) {
    const names = changed.map((file) => `${file.name}.sql`).join(', ');
    throw new Error(
      `applied migrations have changed since: ${names}; put them back and add a new file instead`,
    );
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
