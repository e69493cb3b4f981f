import { chown, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asAdmin, createDatabase } from '@arcrun/database/testing';
import { type RunningService, startPostgres } from '@arcrun/local';
import { openMigrated } from '../../bench/system/open-migrated.ts';

/** A Postgres of the test's own, which may be done anything to. A commit survives its crash. */
export interface OwnPostgres {
  /** A migrated, empty database, to be copied. */
  readonly templateUrl: string;
  readonly server: RunningService;
  /** Ends it at once, as an immediate shutdown does: every connection breaks, and it recovers at its next start. */
  crash(): Promise<void>;
  /** Starts it again at the same address. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

interface OwnPostgresOptions {
  /** Where the tables of the database and its copies lie; with the rest if not said. */
  readonly tablesFolder?: string;
}

export async function startOwnPostgres({ tablesFolder }: OwnPostgresOptions = {}): Promise<OwnPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'arcrun-faults-'));
  const options = { dataDir: join(folder, 'postgres') };
  let server = await startPostgres(options);
  const templateUrl = await createDatabase(server.url, 'template');
  if (tablesFolder !== undefined) await moveTables(server.url, tablesFolder, options.dataDir);
  await (await openMigrated(templateUrl)).close();
  return {
    templateUrl,
    get server() {
      return server;
    },
    crash: async () => {
      process.kill(server.pid, 'SIGQUIT');
      await server.exited;
      await server.stop();
    },
    restart: async () => {
      const { port } = server;
      server = await startPostgres({ ...options, port });
      if (server.port !== port)
        throw new Error(`Postgres came back on port ${server.port} instead of ${port}`);
    },
    stop: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Copies of a database lie where it does. */
async function moveTables(url: string, folder: string, dataDir: string): Promise<void> {
  // Postgres does not run as root, and demands to own it.
  const { uid, gid } = await stat(dataDir);
  await chown(folder, uid, gid);
  await asAdmin(url, async (client) => {
    await client.query(`create tablespace elsewhere location '${folder}'`);
    await client.query('alter database template set tablespace elsewhere');
  });
}
