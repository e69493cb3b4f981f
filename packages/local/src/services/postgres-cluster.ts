import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PostgresIdentity } from './postgres-identity.ts';
import { StartupError } from './startup-error.ts';

/** User and database of the embedded cluster. */
export const USER = 'arcrun';
export const DATABASE = 'arcrun';

/** The caller's PG* variables would steer our server (PGDATA, PGPORT, PGOPTIONS). */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { LC_ALL: 'C', TZ: 'UTC' };
  for (const [name, value] of Object.entries(process.env)) {
    if (!name.startsWith('PG') && !name.startsWith('LC_') && !(name in env)) env[name] = value;
  }
  return env;
}

function runTool(identity: PostgresIdentity, tool: string, args: readonly string[], input?: string): string {
  const command = [...identity.prefix, join(identity.nativeDir, 'bin', tool), ...args];
  const done = spawnSync(command[0] ?? '', command.slice(1), {
    cwd: identity.clusterParent,
    env: cleanEnvironment(),
    encoding: 'utf8',
    ...(input === undefined ? {} : { input }),
    ...(identity.uid === undefined ? {} : { uid: identity.uid }),
    ...(identity.gid === undefined ? {} : { gid: identity.gid }),
  });
  const output = `${done.stdout}${done.stderr}`;
  if (done.status === 0 && !/^.*(FATAL|ERROR|PANIC):/m.test(output)) return output;
  if (/No space left|quota exceeded/i.test(output)) {
    throw new StartupError(
      `The disk that holds ${identity.clusterParent} is full: free some space, then start again.`,
    );
  }
  const reason = (done.error?.message ?? output).trim().split('\n').slice(-4).join('\n');
  throw new StartupError(`PostgreSQL's ${tool} failed in ${identity.clusterParent}: ${reason}`);
}

/** Makes the cluster with its user, password and database; what a killed attempt left is laid anew. */
export function createCluster(
  identity: PostgresIdentity,
  clusterDir: string,
  passwordFile: string,
  durable: boolean,
): void {
  const draft = `${clusterDir}.new`;
  rmSync(draft, { recursive: true, force: true });
  const password = randomBytes(18).toString('base64url');
  const passwordDraft = `${draft}.password`;
  writeFileSync(passwordDraft, `${password}\n`, { mode: 0o600 });
  if (identity.uid !== undefined) chownSync(passwordDraft, identity.uid, identity.uid);
  runTool(identity, 'initdb', [
    ...['--pgdata', draft, '--username', USER, '--pwfile', passwordDraft, '--auth', 'scram-sha-256'],
    ...['--encoding', 'UTF8', '--no-locale', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8'],
    // The password is random, so that rounds of hashing would slow down each connection for nothing.
    ...['--set', 'scram_iterations=1', '--no-instructions', ...(durable ? [] : ['--no-sync'])],
  ]);
  runTool(
    identity,
    'postgres',
    ['--single', '-D', draft, ...(durable ? [] : ['-F']), 'postgres'],
    `CREATE DATABASE ${DATABASE};\n`,
  );
  rmSync(passwordDraft, { force: true });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  renameSync(draft, clusterDir);
}

/** @throws StartupError when another major version of Postgres made the cluster */
export function checkVersion(identity: PostgresIdentity, clusterDir: string): void {
  const made = readFileSync(join(clusterDir, 'PG_VERSION'), 'utf8').trim();
  const ours = / (\d+)/.exec(runTool(identity, 'postgres', ['--version']))?.[1];
  if (made !== ours) {
    throw new StartupError(
      `The data in ${clusterDir} were made by PostgreSQL ${made} and this is ${ours}: move the folder away, then start again.`,
    );
  }
}
