// Checks what no linter knows: where things lie and who may import whom. The rules are those of docs/architecture.md.
import { type Dirent, existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { PACKAGE_LAYERS } from './package-layers.ts';

const root = resolve(import.meta.dirname, '..');

const topLevel = new Set([
  ...['packages', 'infra', 'migrations', 'e2e', 'docs', 'scripts'],
  // Made by tools, and ignored by git.
  ...['node_modules', 'coverage', 'test-results', 'bench-results'],
  ...['pnpm-workspace.yaml', 'pnpm-lock.yaml', 'package.json', 'turbo.json', 'README.md', 'LICENSE'],
  ...['tsconfig.json', 'vitest.config.ts', 'knip.json'],
]);

const environmentReaders = [
  /^packages\/(config|local)\//,
  /^packages\/[^/]+\/src\/(main|migrate)\.ts$/,
  /^packages\/client\/src\/command\//,
  /^(scripts|e2e)\//,
  /^vitest\.config\.ts$/,
];

const sourceName =
  /^[a-z0-9]+(-[a-z0-9]+)*(\.(integration|property|e2e|d))?(\.test)?\.(ts|tsx|mjs|js|json|sql|css|html|svg|md|yaml|yml|toml)$/;

const problems: string[] = [];

function report(path: string, message: string): void {
  problems.push(`${relative(root, path)}: ${message}`);
}

function listFiles(folder: string): string[] {
  const skipped = new Set(['node_modules', 'dist', 'coverage']);
  const visit = (entry: Dirent): string[] => {
    const path = join(entry.parentPath, entry.name);
    if (entry.name.startsWith('.') || skipped.has(entry.name)) return [];
    return entry.isDirectory() ? listFiles(path) : [path];
  };
  return existsSync(folder) ? readdirSync(folder, { withFileTypes: true }).flatMap(visit) : [];
}

function checkTopLevel(): void {
  for (const name of readdirSync(root)) {
    if (!name.startsWith('.') && !topLevel.has(name))
      report(join(root, name), 'does not belong on the top level');
  }
}

function workspaceDependencies(packageDir: string): string[] {
  const manifest: unknown = JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8'));
  const sections = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'];
  return sections.flatMap((section) => {
    const entries =
      manifest !== null && typeof manifest === 'object' ? Reflect.get(manifest, section) : undefined;
    return typeof entries === 'object' && entries !== null ? Object.keys(entries) : [];
  });
}

function checkPackage(name: string): void {
  const packageDir = join(root, 'packages', name);
  const mayUse = PACKAGE_LAYERS[name];
  if (mayUse === undefined) {
    report(packageDir, 'is not a package of the layout');
    return;
  }
  const declared = new Set(workspaceDependencies(packageDir));
  for (const dependency of declared) {
    const target = /^@arcrun\/(.+)$/.exec(dependency)?.[1];
    if (target !== undefined && !mayUse.includes(target)) {
      report(join(packageDir, 'package.json'), `${name} may not depend on ${target}`);
    }
  }
  for (const file of listFiles(packageDir)) checkSource(file, packageDir, name, declared);
}

function importsOf(text: string): string[] {
  const pattern =
    /(?:^|[\s;}])(?:import|export)\s[^'"`;]*?from\s*['"]([^'"]+)['"]|\bimport\s*\(?\s*['"]([^'"]+)['"]/g;
  return [...text.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? '');
}

function checkSource(
  file: string,
  packageDir: string,
  packageName: string,
  declared: ReadonlySet<string>,
): void {
  if (!/\.(tsx?|mjs|js)$/.test(file)) return;
  for (const target of importsOf(readFileSync(file, 'utf8'))) {
    if (target.startsWith('.')) {
      const full = resolve(file, '..', target);
      // What builds a package is not part of it.
      const isBuild =
        file === join(packageDir, 'build.mjs') && full.startsWith(join(root, 'scripts/build') + sep);
      if (!full.startsWith(packageDir + sep) && !isBuild)
        report(file, `the import of ${target} leaves the package`);
      continue;
    }
    const other = /^@arcrun\/([^/]+)/.exec(target)?.[1];
    if (other === undefined) continue;
    if (other !== packageName && !declared.has(`@arcrun/${other}`))
      report(file, `${other} is not a dependency`);
    // What tests share has an export of its own.
    const isTesting =
      target === `@arcrun/${other}/testing` && (file.endsWith('.test.ts') || file.includes('/testing/'));
    // How the command draws, which the demo shares; no part of what is published.
    const isTerminal = target === '@arcrun/client/terminal' && packageName === 'local';
    if (target !== `@arcrun/${other}` && !isTesting && !isTerminal)
      report(file, `${target} reaches into ${other}: import it by its name alone`);
  }
}

function checkFile(file: string): void {
  const path = relative(root, file).replaceAll(sep, '/');
  const name = path.split('/').at(-1) ?? '';
  const isCode = /\.(tsx?|mjs|js|sql)$/.test(name);
  if (isCode && !path.startsWith('migrations/') && !sourceName.test(name) && name !== 'vitest.config.ts') {
    report(file, 'a file name is in kebab-case');
  }
  if (
    /^(utils?|helpers?|common|misc)\.(tsx?|mjs|js)$/.test(name) ||
    /\/(utils?|helpers?|common|misc)\//.test(path)
  ) {
    report(file, 'a name says what is in it');
  }
  if (!/\.(tsx?|mjs|js)$/.test(name) || environmentReaders.some((reader) => reader.test(path))) return;
  if (/\bprocess\.env\b/.test(readFileSync(file, 'utf8')) && !name.includes('.test.')) {
    report(file, 'only main.ts, packages/config, packages/local and scripts read process.env');
  }
}

checkTopLevel();
for (const entry of readdirSync(join(root, 'packages'), { withFileTypes: true })) {
  if (entry.isDirectory()) checkPackage(entry.name);
}
for (const folder of ['packages', 'e2e', 'scripts', 'migrations', 'infra']) {
  for (const file of listFiles(join(root, folder))) checkFile(file);
}

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
else console.log('The layout is as it should be.');
