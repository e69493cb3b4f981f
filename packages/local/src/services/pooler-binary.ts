import { join } from 'node:path';
import { fetchDebianPackage, libraryEnvironment, libraryFolders } from './debian-package.ts';
import { fetchProgram } from './fetched-program.ts';
import { runCommand } from './run-command.ts';
import { findOnPath } from './service-process.ts';
import { StartupError } from './startup-error.ts';

export interface PoolerBinary {
  readonly program: string;
  /** In which it finds its libraries. */
  readonly env: NodeJS.ProcessEnv;
}

async function probe(program: string, libraryPath?: string): Promise<PoolerBinary | undefined> {
  const env = libraryEnvironment(libraryPath);
  const { ok } = await runCommand([program, '--version'], { env });
  return ok ? { program, env } : undefined;
}

async function probeFolder(folder: string): Promise<PoolerBinary | undefined> {
  const root = join(folder, 'root');
  return probe(join(root, 'usr/sbin/pgbouncer'), libraryFolders(root));
}

/**
 * Finds pgbouncer: on the PATH, in the cache, else fetched into the cache.
 *
 * @throws StartupError that names the command which installs it
 */
export async function findPooler(cacheDir: string): Promise<PoolerBinary> {
  // Debian puts it where only root's PATH leads.
  const machine = findOnPath('pgbouncer', `${process.env.PATH ?? ''}:/usr/sbin`);
  const installed = machine === undefined ? undefined : await probe(machine);
  if (installed) return installed;
  const fetched = await fetchProgram(
    {
      name: 'pgbouncer',
      home: join(cacheDir, 'pgbouncer'),
      probe: probeFolder,
      sources: [
        {
          name: 'the system’s packages',
          fetch: (folder) => fetchDebianPackage('pgbouncer', folder, () => undefined),
        },
      ],
    },
    () => undefined,
  );
  if ('found' in fetched) return fetched.found;
  throw new StartupError(
    `There is no pgbouncer here and none could be fetched (${fetched.reasons.join('; ')}): install it (apt-get install pgbouncer), then start again.`,
  );
}
