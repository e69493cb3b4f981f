import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './run-command.ts';
import { findOnPath } from './service-process.ts';

/** The names of packages that a `Depends:` line asks for, without versions and alternatives. */
export function parseDepends(controlText: string): string[] {
  const line = /^Depends: (.*)$/m.exec(controlText)?.[1] ?? '';
  return line
    .split(',')
    .map((part) => part.split('|')[0]?.trim().split(/[ (:]/)[0] ?? '')
    .filter((name) => name !== '');
}

/** Those of the packages that dpkg does not know as installed. */
async function listMissingPackages(names: readonly string[]): Promise<string[]> {
  const { output } = await runCommand([
    ...['dpkg-query', '-W', '-f', '${Package} ${db:Status-Status}\n'],
    ...names,
  ]);
  const installed = new Set(
    output
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  return names.filter((name) => !installed.has(name));
}

/**
 * Fetches a package of Debian or Ubuntu and the libraries that it needs, and unpacks them into `root/` of a folder,
 * without root and without installing. The machine's package lists are tried first; a bare machine has none, so then
 * lists are fetched into the folder.
 *
 * @returns why it could not be had; undefined when it could
 */
export async function fetchDebianPackage(
  name: string,
  folder: string,
  onProgress: (message: string) => void,
): Promise<string | undefined> {
  if (!findOnPath('apt-get') || !findOnPath('dpkg-deb')) return 'apt-get is not here';
  const lists = join(folder, 'apt');
  for (const sub of ['state/lists/partial', 'cache/archives/partial'])
    mkdirSync(join(lists, sub), { recursive: true });
  const own = [
    ...['-o', `Dir::State=${join(lists, 'state')}`, '-o', `Dir::Cache=${join(lists, 'cache')}`],
    ...['-o', 'APT::Sandbox::User=root', '-o', 'Acquire::Retries=2', '-o', 'Acquire::http::Timeout=20'],
  ];
  let reason = '';
  for (const options of [[], own]) {
    if (options === own) {
      onProgress(`Fetching package lists for ${name}`);
      await runCommand(['apt-get', ...options, 'update'], { cwd: folder });
    }
    const shown = await runCommand(['apt-cache', ...options, 'show', '--no-all-versions', name], {
      cwd: folder,
    });
    const libraries = parseDepends(shown.output).filter((needed) => needed.startsWith('lib'));
    const missing = shown.ok ? await listMissingPackages(libraries) : [];
    const got = await runCommand(['apt-get', ...options, 'download', name, ...missing], { cwd: folder });
    reason = got.output.trim().split('\n').at(-1) ?? '';
    if (got.ok) {
      reason = '';
      break;
    }
  }
  if (reason !== '') return reason;
  const root = join(folder, 'root');
  mkdirSync(root, { recursive: true });
  for (const file of readdirSync(folder).filter((entry) => entry.endsWith('.deb'))) {
    const unpacked = await runCommand(['dpkg-deb', '-x', join(folder, file), root]);
    if (!unpacked.ok) return unpacked.output.trim();
    rmSync(join(folder, file));
  }
  rmSync(lists, { recursive: true, force: true });
  return undefined;
}

/** Where the libraries of unpacked packages lie, for `LD_LIBRARY_PATH`; undefined when there are none. */
export function libraryFolders(root: string): string | undefined {
  const triplets = ['x86_64-linux-gnu', 'aarch64-linux-gnu'];
  const folders = triplets
    .flatMap((triplet) => [join(root, 'usr/lib', triplet), join(root, 'lib', triplet)])
    .filter((folder) => existsSync(folder));
  return folders.length === 0 ? undefined : folders.join(':');
}

/** The environment in which a program finds its libraries. */
export function libraryEnvironment(libraryPath: string | undefined): NodeJS.ProcessEnv {
  if (libraryPath === undefined) return { ...process.env };
  const inherited = process.env.LD_LIBRARY_PATH;
  return { ...process.env, LD_LIBRARY_PATH: inherited ? `${libraryPath}:${inherited}` : libraryPath };
}
