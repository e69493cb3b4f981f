import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Problem, explainDownload, requireRoom } from './problem.mjs';
import { showProgress } from './progress.mjs';
import { runQuietly } from './run-process.mjs';

/** The npm that started us, else the one beside this Node, else the one on the PATH. */
function npmCommand() {
  const running = process.env.npm_execpath;
  if (running && basename(running) === 'npm-cli.js' && existsSync(running))
    return [process.execPath, running];
  const beside = join(dirname(process.execPath), '../lib/node_modules/npm/bin/npm-cli.js');
  return existsSync(beside) ? [process.execPath, beside] : ['npm'];
}

async function npm(args, options) {
  const [program, ...first] = npmCommand();
  const done = await runQuietly(program, [...first, ...args], options);
  if (!done.ok && /^\s*ENOENT/.test(done.output)) {
    throw new Problem(
      'npm is not on the PATH: install npm, which belongs to Node, then run the command again.',
    );
  }
  return done;
}

/**
 * Fetches one package into a folder. npm is the client, so that the registry, proxy and certificates that it is set up
 * for count. A failed attempt leaves nothing behind.
 */
export async function fetchPackage({ name, version, folder, label, needMb }) {
  mkdirSync(dirname(folder), { recursive: true });
  requireRoom(dirname(folder), needMb);
  // The caller holds the lock: what lies here was left by a killed attempt.
  for (const entry of readdirSync(dirname(folder))) {
    if (entry.startsWith('.draft-')) rmSync(join(dirname(folder), entry), { recursive: true, force: true });
  }
  const draft = mkdtempSync(join(dirname(folder), '.draft-'));
  const endProgress = showProgress(`Fetching ${label}`);
  try {
    // Without a package.json of its own npm would look for one further up.
    writeFileSync(join(draft, 'package.json'), '{"private":true}');
    const flags = [
      ...['--prefix', draft, '--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund'],
      ...[
        '--no-update-notifier',
        '--no-workspaces',
        '--global=false',
        '--prefer-offline',
        '--loglevel=error',
      ],
      ...['--fetch-retries=2', '--fetch-retry-mintimeout=500', '--fetch-retry-maxtimeout=4000'],
    ];
    const done = await npm(['install', ...flags, `${name}@${version}`], { cwd: draft });
    if (!done.ok) throw explainDownload(done.output, label, folder);
    rmSync(folder, { recursive: true, force: true });
    renameSync(draft, folder);
  } finally {
    endProgress();
    rmSync(draft, { recursive: true, force: true });
  }
}

/** What npm is set up for and pnpm would not see by itself, as variables for pnpm. */
export async function readNpmSettings() {
  const done = await npm(['config', 'list', '--json', '--no-workspaces', '--no-update-notifier'], {});
  if (!done.ok) return {};
  let settings;
  try {
    settings = JSON.parse(done.output);
  } catch {
    return {};
  }
  const env = {};
  const keep = { registry: 'registry', cafile: 'cafile', proxy: 'proxy', 'https-proxy': 'https_proxy' };
  for (const [from, to] of Object.entries(keep)) {
    if (typeof settings[from] === 'string' && settings[from] !== '')
      env[`pnpm_config_${to}`] = settings[from];
  }
  const noProxy = [settings.noproxy].flat().filter(Boolean).join(',');
  if (noProxy !== '') env.pnpm_config_noproxy = noProxy;
  if (settings['strict-ssl'] === false) env.pnpm_config_strict_ssl = 'false';
  if (existsSync(settings.userconfig ?? '')) env.pnpm_config_npmrc_auth_file = settings.userconfig;
  return env;
}
