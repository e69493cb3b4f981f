import { execFile } from 'node:child_process';
import { chmod, glob, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';

// What is published: the client as one file without dependencies, its types, and the command with its parser in it.
const require = createRequire(import.meta.url);

await rm('dist', { recursive: true, force: true });

const shared = { bundle: true, format: 'esm', target: 'node20', logLevel: 'warning' };
await Promise.all([
  build({ ...shared, entryPoints: ['src/index.ts'], outfile: 'dist/index.js', platform: 'neutral' }),
  build({
    ...shared,
    entryPoints: ['src/command/main.ts'],
    outfile: 'dist/arcrun.js',
    platform: 'node',
    // The parser is CommonJS and calls require for Node's own modules.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
  }),
  emitTypes(),
]);
await chmod('dist/arcrun.js', 0o755);
const parser = dirname(require.resolve('commander'));
const notice = await readFile(join(parser, 'LICENSE'), 'utf8');
await writeFile(
  'dist/NOTICE',
  `dist/arcrun.js contains commander (https://github.com/tj/commander.js):\n\n${notice}`,
);

async function emitTypes() {
  const flags = [
    ...['--declaration', '--emitDeclarationOnly', '--rewriteRelativeImportExtensions'],
    ...['--ignoreConfig', '--strict', '--exactOptionalPropertyTypes', '--skipLibCheck', '--types', 'node'],
    ...['--target', 'es2024', '--module', 'nodenext', '--rootDir', 'src', '--outDir', 'dist/types'],
  ];
  const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');
  try {
    await promisify(execFile)(process.execPath, [tsc, 'src/index.ts', ...flags]);
  } catch (error) {
    throw new Error(`The types can't be written:\n${error.stdout}${error.stderr}`, { cause: error });
  }
  // Declarations keep the endings of the sources, which are not published.
  for await (const file of glob('dist/types/**/*.d.ts')) {
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replaceAll(/(from '\.[^']*)\.ts'/g, "$1.js'"));
  }
}
