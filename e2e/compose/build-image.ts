import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { rootCertificates } from 'node:tls';
import { runCommand, tryCommand } from './commands.ts';
import type { Engine } from './engine.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'];
const IN_BUILD = '/run/secrets/certificates';

/** The names of the images that a Dockerfile begins its stages with. */
export async function baseImages(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8');
  const defaults = new Map(
    Array.from(text.matchAll(/^ARG (\w+)=(\S+)$/gm), ([, name, value]) => [name!, value!]),
  );
  const names = Array.from(text.matchAll(/^FROM (?:--\S+ )?(\S+)/gm), ([, name]) =>
    name!.replace(/\$\{(\w+)\}/g, (_all, variable: string) => defaults.get(variable) ?? ''),
  );
  const stages = new Set(Array.from(text.matchAll(/^FROM .* AS (\w+)$/gm), ([, name]) => name));
  return [...new Set(names)].filter((name) => !stages.has(name));
}

/** Builds the project's image, through the registry that npm is set up for on this machine. */
export async function buildImage({ docker, env }: Engine, tag: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'arcrun-build-'));
  try {
    const secrets = await writeSecrets(folder);
    const proxies = PROXIES.filter((name) => process.env[name] !== undefined);
    await runCommand(
      [
        ...[...docker, 'build', '--network', 'host', '-f', 'infra/Dockerfile', '-t', tag],
        // With no value the engine's client takes it from the environment.
        ...proxies.flatMap((name) => ['--build-arg', name]),
        ...secrets.flatMap((id) => ['--secret', `id=${id},src=${join(folder, id)}`]),
        '.',
      ],
      { env, cwd: ROOT },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What npm on this machine is told by its files and by the environment, as files that only the build sees. */
async function writeSecrets(folder: string): Promise<string[]> {
  const own = await readFile(join(homedir(), '.npmrc'), 'utf8').catch(() => '');
  const asked = await tryCommand(['npm', 'config', 'list', '--json']);
  const settings = JSON.parse(asked.ok ? asked.output.slice(asked.output.indexOf('{')) : '{}') as Record<
    string,
    unknown
  >;
  const lines = [own];
  const ids = ['npmrc'];
  if (typeof settings['registry'] === 'string') lines.push(`registry=${settings['registry']}`);
  const certificates = await readCertificates(settings['cafile']);
  if (certificates !== undefined) {
    await writeFile(join(folder, 'certificates'), certificates);
    lines.push(`cafile=${IN_BUILD}`);
    ids.push('certificates');
  }
  await writeFile(join(folder, 'npmrc'), `${lines.join('\n')}\n`, { mode: 0o600 });
  return ids;
}

/** Those that npm trusts here, when they are others than Node's own. */
async function readCertificates(cafile: unknown): Promise<string | undefined> {
  if (typeof cafile === 'string') return readFile(cafile, 'utf8');
  const extra = process.env['NODE_EXTRA_CA_CERTS'];
  if (extra === undefined || extra === '') return undefined;
  const given = (await readFile(extra, 'utf8')).match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----/g) ?? [];
  // A secret may have 500 kB, and the file is often the system's, which has most of Node's too.
  return [...new Set([...given, ...rootCertificates])].join('\n');
}
