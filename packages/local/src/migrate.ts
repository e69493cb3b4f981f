// `npm run migrate`: on the database of DATABASE_URL, else on the embedded one.
import { join } from 'node:path';
import { stateDir } from './services/cache-folder.ts';
import { GIVEN_POSTGRES, requireServer } from './services/given-server.ts';
import { startPostgres } from './services/postgres.ts';
import { StartupError } from './services/startup-error.ts';
import { readRunRecord } from './start/run-record.ts';
import { builtScripts, runMigrations } from './start/stack.ts';

const say = (message: string): void => {
  process.stdout.write(`${message}\n`);
};

async function migrate(): Promise<void> {
  const given = process.env.DATABASE_URL || readRunRecord()?.databaseUrl;
  if (given !== undefined) {
    await requireServer(GIVEN_POSTGRES, given);
    await runMigrations(builtScripts.migrate, { ...process.env, DATABASE_URL: given }, say);
    return;
  }
  const postgres = await startPostgres({ dataDir: join(stateDir, 'postgres'), onProgress: say });
  try {
    await runMigrations(builtScripts.migrate, { ...process.env, DATABASE_URL: postgres.url }, say);
  } finally {
    await postgres.stop();
  }
}

try {
  await migrate();
} catch (error) {
  process.stderr.write(
    `${error instanceof StartupError ? error.message : String(error instanceof Error ? error.stack : error)}\n`,
  );
  process.exitCode = 1;
}
