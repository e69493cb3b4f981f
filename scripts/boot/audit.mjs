import { projectDir } from './places.mjs';
import { runQuietly } from './run-process.mjs';
import { ensurePnpm } from './toolchain.mjs';

/** A registry that is not reachable is tried again for minutes. */
const PATIENCE_MS = 30_000;

/**
 * Asks the registry for known vulnerabilities of what is installed with the product. A registry that keeps no such list
 * (many mirrors do not), or that cannot be reached, says nothing about the sources.
 * @returns {Promise<{ok: boolean, output: string, notRun?: string}>}
 */
export async function audit(env) {
  const pnpm = await ensurePnpm();
  const { ok, output } = await runQuietly(pnpm, ['audit', '--prod', '--audit-level', 'high'], {
    cwd: projectDir,
    env,
    timeout: PATIENCE_MS,
  });
  if (ok || /vulnerabilities found/.test(output)) return { ok, output };
  return { ok: true, output, notRun: 'the registry does not tell' };
}
