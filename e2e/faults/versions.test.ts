import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { migrate } from '@arcrun/database';
import { afterAll, beforeAll, test } from 'vitest';
import type { Stack } from '../harness/stack.ts';
import { expectWithstood } from './run-fault.ts';
import { replaceWorker, restartApi } from './system/make-faults.ts';

const MIGRATIONS = resolve(import.meta.dirname, '../../migrations');

/** What a release may do to tables that the one before is using: add what that one can do without, */
const EXPAND = `
  ALTER TABLE task ADD COLUMN next_release text;
  ALTER TABLE task_state ADD COLUMN next_release integer NOT NULL DEFAULT 0;
  CREATE INDEX task_by_next_release ON task (next_release) WHERE next_release IS NOT NULL;
`;
/** and take away, a release later, what nobody uses any more. */
const CONTRACT = `
  ALTER TABLE task_state DROP COLUMN next_release;
  ALTER TABLE task DROP COLUMN next_release;
`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'arcrun-migrations-'));
  await cp(MIGRATIONS, folder, { recursive: true });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('processes of two releases at once, while the schema grows and shrinks', () =>
  expectWithstood({
    name: 'a rolling upgrade: tables grow, every process is replaced, tables shrink',
    recoveryLimitMs: 3000,
    allowances: { zombies: false, duplicates: 0 },
    async make({ stack }) {
      await addMigration(stack, '9001-expand.sql', EXPAND);
      const before = { workers: [...stack.workers], apis: [...stack.apis] };
      // Those that were there before know nothing of it; those that come have never seen the tables without.
      for (const worker of before.workers) await replaceWorker(stack, worker);
      for (const api of before.apis) await restartApi(stack, api);
      await addMigration(stack, '9002-contract.sql', CONTRACT);
    },
  }));

async function addMigration(stack: Stack, name: string, statements: string): Promise<void> {
  await writeFile(join(folder, name), statements);
  await migrate(stack.database.db, folder);
}
