import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type RunningService, startPostgres } from '@arcrun/local';

/** Beside what the project stores anyway: the folder for temporary files may lie in memory, where fsync is free. */
const FOLDER = resolve(import.meta.dirname, '../../../.arcrun');

/** What all scenarios share: a Postgres as it comes, with full durability, and a place on the disk. */
export interface Servers {
  readonly folder: string;
  readonly postgres: RunningService;
  /** Whether the systems reach Postgres through a pooler. */
  readonly isProxied: boolean;
  stop(): Promise<void>;
}

/** @param countStatements loads pg_stat_statements, which costs a little */
export async function startServers({
  countStatements,
  isProxied,
}: {
  countStatements: boolean;
  isProxied: boolean;
}): Promise<Servers> {
  await mkdir(FOLDER, { recursive: true });
  const folder = await mkdtemp(join(FOLDER, 'bench-'));
  const postgres = await startPostgres({
    dataDir: join(folder, 'postgres'),
    settings: countStatements
      ? { shared_preload_libraries: 'pg_stat_statements', 'pg_stat_statements.track': 'all' }
      : {},
  });
  return {
    folder,
    postgres,
    isProxied,
    stop: async () => {
      await postgres.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
