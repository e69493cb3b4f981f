import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { createDatabase, dropDatabase } from '../testing/databases.ts';
import { type Database, openDatabase } from './connection.ts';
import { migrate } from './migrate.ts';

let folder: string;
let url: string;
let opened: Database[];
let count = 0;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'arcrun-migrations-'));
  url = await createDatabase(inject('templateUrl'), `arcrun_test_migrate_${process.pid}_${count++}`);
  opened = [];
  await write('0001-first', 'create table first (n integer); insert into first values (1);');
});
afterEach(async () => {
  await Promise.all(opened.map((database) => database.close()));
  await dropDatabase(url);
  await rm(folder, { recursive: true });
});

const write = (name: string, statements: string) => writeFile(join(folder, `${name}.sql`), statements);

function open(): Database {
  const database = openDatabase({
    url,
    maxSize: 2,
    minIdle: 0,
    acquireTimeoutMs: 10_000,
    applicationName: 'arcrun test',
    onIdleError: () => undefined,
  });
  opened.push(database);
  return database;
}

test('applies what has not been applied, in order, and nothing twice', async () => {
  const { db } = open();
  expect((await migrate(db, folder)).applied).toEqual(['0001-first']);
  await write('0003-third', 'insert into first select 30 + max(n) from first;');
  await write('0002-second', 'insert into first select 2 from first;');
  expect((await migrate(db, folder)).applied).toEqual(['0002-second', '0003-third']);
  expect((await migrate(db, folder)).applied).toEqual([]);
  const { rows } = await sql<{ n: number }>`select n from first order by n`.execute(db);
  expect(rows.map((row) => row.n)).toEqual([1, 2, 32]);
});

test('ten at once: one applies, the others wait for it', async () => {
  await write('0002-slow', 'select pg_sleep(0.2); insert into first values (2);');
  const results = await Promise.all(Array.from({ length: 10 }, () => migrate(open().db, folder)));
  const applied = results.map((result) => result.applied).filter((names) => names.length > 0);
  expect(applied).toEqual([['0001-first', '0002-slow']]);
  const { rows } = await sql<{ n: number }>`select n from first order by n`.execute(open().db);
  expect(rows.map((row) => row.n)).toEqual([1, 2]);
});

test('a file that was applied and has changed since is refused, and nothing else is applied', async () => {
  const { db } = open();
  await migrate(db, folder);
  await write('0001-first', 'create table first (n bigint);');
  await write('0002-second', 'create table second ();');
  await expect(migrate(db, folder)).rejects.toThrow(
    'applied migrations have changed since: 0001-first.sql; put them back and add a new file instead',
  );
  const { rows } = await sql<{ there: boolean }>`select to_regclass('second') is not null as there`.execute(
    db,
  );
  expect(rows[0]!.there).toBe(false);
});

test('a file that fails is named, and leaves nothing of this run', async () => {
  const { db } = open();
  await write('0002-second', 'create table second (); select no_such_function();');
  await expect(migrate(db, folder)).rejects.toThrow(/migration 0002-second failed: .*no_such_function/);
  const { rows } = await sql<{ there: boolean }>`select to_regclass('second') is not null as there`.execute(
    db,
  );
  expect(rows[0]!.there).toBe(false);
  await write('0002-second', 'create table second ();');
  expect((await migrate(db, folder)).applied).toContain('0002-second');
});

test('a file that was applied and is missing now is refused', async () => {
  const { db } = open();
  await write('0002-second', 'create table second ();');
  await migrate(db, folder);
  await rm(join(folder, '0002-second.sql'));
  await expect(migrate(db, folder)).rejects.toThrow(/0002-second/);
});

test('a table that is in use is come back to, and nobody waits behind it for long', async () => {
  const { db } = open();
  await migrate(db, folder);
  await write('0002-in-use', 'alter table first add column m integer;');
  const user = await open().pool.connect();
  await user.query('begin');
  await user.query('select from first');
  const migrated = migrate(db, folder);
  // It has given up once.
  await delay(2200);
  const waited = await Promise.race([sql`select from first`.execute(open().db), delay(3000, 'too long')]);
  expect(waited).not.toBe('too long');
  await user.query('commit');
  user.release();
  expect((await migrated).applied).toEqual(['0002-in-use']);
});
