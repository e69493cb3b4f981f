import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, chownSync, cpSync, existsSync, lstatSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StartupError } from './startup-error.ts';
import { userNamespace } from './user-namespace.ts';

/** The user "nobody", which owns nothing: what Postgres runs as where root can't hide in a user namespace. */
const NOBODY_ID = 65534;

export type PostgresRunAs = 'self' | 'user-namespace' | 'nobody';

/** How the programs of Postgres are started, and where their files are. */
export interface PostgresIdentity {
  runAs: PostgresRunAs;
  /** Holds bin/, lib/ and share/. */
  nativeDir: string;
  /** The folder in which the cluster's folder is made; belongs to the identity. */
  clusterParent: string;
  prefix: readonly string[];
  uid?: number;
  gid?: number;
}

/**
 * Postgres refuses to run as root. As root it gets, in this order: a user namespace in which root's own
 * files belong to uid 1000 (works in folders that only root can read), or the uid of nobody, which needs
 * the binaries and the data where everybody may go, since it can't enter a private home.
 * @param forced for tests of a way that this machine would not choose
 */
export function choosePostgresIdentity(
  nativeDir: string,
  dataDir: string,
  forced?: PostgresRunAs,
): PostgresIdentity {
  const self: PostgresIdentity = { runAs: 'self', nativeDir, clusterParent: dataDir, prefix: [] };
  if (process.getuid?.() !== 0 || forced === 'self') return self;
  const runs = ['sh', '-c', '"$0" --version && test -w "$1"', join(nativeDir, 'bin/postgres'), dataDir];
  const prefix = forced === 'nobody' ? undefined : userNamespace(runs);
  return prefix === undefined ? asNobody(nativeDir, dataDir) : { ...self, runAs: 'user-namespace', prefix };
}

function asNobody(nativeDir: string, dataDir: string): PostgresIdentity {
  const base = '/var/tmp';
  const version = createHash('sha256').update(nativeDir).digest('hex').slice(0, 12);
  const copy = join(base, `arcrun-postgres-${version}`);
  if (!existsSync(copy)) {
    const draft = `${copy}.${process.pid}`;
    rmSync(draft, { recursive: true, force: true });
    cpSync(nativeDir, draft, { recursive: true, verbatimSymlinks: true });
    execFileSync('chmod', ['-R', 'u+rwX,go+rX,go-w', draft]);
    try {
      renameSync(draft, copy);
    } catch (error) {
      rmSync(draft, { recursive: true, force: true });
      if (!existsSync(copy)) throw error;
    }
  }
  refuseForeign(copy, 0);
  const clusterParent = join(
    base,
    `arcrun-data-${createHash('sha256').update(dataDir).digest('hex').slice(0, 12)}`,
  );
  if (!existsSync(clusterParent)) {
    mkdirSync(clusterParent, { mode: 0o700 });
    chownSync(clusterParent, NOBODY_ID, NOBODY_ID);
    chmodSync(clusterParent, 0o700);
  }
  refuseForeign(clusterParent, NOBODY_ID);
  return { runAs: 'nobody', nativeDir: copy, clusterParent, prefix: [], uid: NOBODY_ID, gid: NOBODY_ID };
}

/** /var/tmp is open to everybody: what somebody else laid there is not run. */
function refuseForeign(path: string, uid: number): void {
  const stat = lstatSync(path);
  if (!stat.isDirectory() || stat.uid !== uid || (stat.mode & 0o022) !== 0) {
    throw new StartupError(
      `${path} belongs to somebody else: delete it in ${dirname(path)}, then start again.`,
    );
  }
}
