import { spawnSync } from 'node:child_process';
import { findOnPath } from './service-process.ts';

/**
 * The words before a command that give root a user namespace in which its own files belong to uid 1000, for programs
 * that refuse to run as root.
 *
 * @param probe a command that must succeed in it
 * @returns undefined where there are no such namespaces
 */
export function userNamespace(
  probe: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): readonly string[] | undefined {
  const unshare = findOnPath('unshare');
  if (unshare === undefined) return undefined;
  const words = ['--user', '--map-user=1000', '--map-group=1000', '--'];
  const tried = spawnSync(unshare, [...words, ...probe], { env, stdio: 'ignore' });
  return tried.status === 0 ? [unshare, ...words] : undefined;
}
