import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { runCommand, tryCommand } from './commands.ts';
import type { Engine } from './engine.ts';

const PULL_LIMIT_MS = 300_000;
const FOLDER = join(import.meta.dirname, 'stand-ins');
const DEBIAN = 'arcrun-stand-in-debian';
const LABEL = 'arcrun-stand-in';
const PACKAGES = ['postgresql', 'redis-server', 'prometheus', 'ca-certificates'];
/** Those that gcr.io/distroless/cc is made of. */
const BARE_PACKAGES = ['base-files', 'libc6', 'libgcc-s1', 'libstdc++6', 'ca-certificates', 'tzdata'];

/** What can stand in for an image, by the beginning of its name. */
const RECIPES: Readonly<Record<string, string>> = {
  'node:': 'node',
  'postgres:': 'postgres',
  'redis:': 'redis',
  'prom/prometheus:': 'prometheus',
  'gcr.io/distroless/cc-': 'cc',
};

export type Presence = 'there' | 'pulled' | 'stand-in' | 'missing';

/** Sees to it that the engine has an image: pulls it, or else builds one that does for the stack what it does. */
export async function ensureImage({ docker, env }: Engine, name: string): Promise<Presence> {
  const format = `{{index .Config.Labels "${LABEL}"}}`;
  const found = await tryCommand([...docker, 'image', 'inspect', '--format', format, name], { env });
  // One that stands in is built again, which costs nothing when nothing has changed.
  if (found.ok && !found.output.includes('true')) return 'there';
  if ((await tryCommand([...docker, 'pull', '--quiet', name], { env, limitMs: PULL_LIMIT_MS })).ok)
    return 'pulled';
  const recipe = Object.entries(RECIPES).find(([beginning]) => name.startsWith(beginning))?.[1];
  if (recipe === undefined) return 'missing';
  await buildStandIn(docker, env, name, recipe);
  return 'stand-in';
}

async function buildStandIn(
  docker: readonly string[],
  env: NodeJS.ProcessEnv,
  name: string,
  recipe: string,
): Promise<void> {
  const context = await mkdtemp(join(tmpdir(), 'arcrun-stand-in-'));
  try {
    await cp(FOLDER, context, { recursive: true });
    if (recipe === 'cc') await unpackBarePackages(join(context, 'bare'));
    else await ensureDebian(docker, env);
    if (recipe === 'node') await copyNode(context);
    await runCommand(
      [
        ...[...docker, 'build', '--network', 'none', '-q', '-t', name, '--label', `${LABEL}=true`],
        ...['-f', join(context, `${recipe}.dockerfile`), context],
      ],
      { env },
    );
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

/** A Debian with the servers in it, made by debootstrap from where this machine takes its packages. */
async function ensureDebian(docker: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  if ((await tryCommand([...docker, 'image', 'inspect', DEBIAN], { env })).ok) return;
  const { codename, mirror } = await readSources();
  const folder = await mkdtemp(join(tmpdir(), 'arcrun-debian-'));
  try {
    const root = join(folder, 'root');
    const proxy = await readAptProxy();
    await runCommand(
      ['debootstrap', '--variant=minbase', `--include=${PACKAGES.join(',')}`, codename, root, mirror],
      {
        env: {
          ...process.env,
          ...(proxy !== undefined && { http_proxy: proxy }),
          DEBIAN_FRONTEND: 'noninteractive',
        },
      },
    );
    await rm(join(root, 'var/cache/apt/archives'), { recursive: true, force: true });
    const archive = join(folder, 'root.tar');
    // The engine mounts its own.
    await runCommand([
      'tar',
      '-C',
      root,
      '--exclude=./proc/*',
      '--exclude=./sys/*',
      '--exclude=./dev/*',
      '-cf',
      archive,
      '.',
    ]);
    await runCommand([...docker, 'import', archive, DEBIAN], { env });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readSources(): Promise<{ codename: string; mirror: string }> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const codename = /^VERSION_CODENAME=(\S+)$/m.exec(release)?.[1];
  const targets = await tryCommand(['apt-get', 'indextargets', '--format', '$(CODENAME) $(REPO_URI)']);
  const mirror = targets.output
    .split('\n')
    .map((line) => line.split(' '))
    .find(([of]) => of === codename)?.[1];
  if (codename === undefined || mirror === undefined)
    throw new Error(
      'Stand-ins for images that cannot be pulled are made of Debian packages, and there is no apt here.',
    );
  return { codename, mirror };
}

async function readAptProxy(): Promise<string | undefined> {
  const { output } = await tryCommand(['apt-config', 'dump', '--format', '%v', 'Acquire::http::Proxy']);
  const proxy = output.trim();
  return proxy === '' || proxy === 'DIRECT' ? undefined : proxy;
}

async function unpackBarePackages(root: string): Promise<void> {
  const packages = join(dirname(root), 'packages');
  await mkdir(packages);
  await chmod(dirname(root), 0o755);
  await runCommand(['apt-get', 'download', '-qq', ...BARE_PACKAGES], { cwd: packages });
  for (const file of await readdir(packages))
    await runCommand(['dpkg-deb', '-x', join(packages, file), root]);
  await rm(packages, { recursive: true });
  await writeFile(
    join(root, 'etc/passwd'),
    'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n',
  );
  await writeFile(join(root, 'etc/group'), 'root:x:0:\nnonroot:x:65532:\n');
  await mkdir(join(root, 'tmp'), { recursive: true });
  await chmod(join(root, 'tmp'), 0o1777);
}

async function copyNode(context: string): Promise<void> {
  await cp(process.execPath, join(context, 'node'), { dereference: true });
  const npm = process.env['npm_execpath'];
  const beside = resolve(dirname(process.execPath), '../lib/node_modules/npm/bin/npm-cli.js');
  const found = npm?.endsWith('npm-cli.js') === true ? npm : beside;
  await cp(resolve(dirname(found), '..'), join(context, 'npm'), { recursive: true, dereference: true });
}
