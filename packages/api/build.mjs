import { globSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

// Files with everything in them: an image needs no node_modules, and it starts in half the time. What is loaded
// only when it is asked for is in chunks.
for (const old of globSync('dist/chunk-*')) await rm(old);
await build({
  entryPoints: [
    ...['main', 'migrate'].map((name) => ({ in: `src/${name}.ts`, out: name })),
    // main.js starts it from beside itself.
    { in: 'src/bodies/reader-thread-main.ts', out: 'reader-thread-main' },
  ],
  outdir: 'dist',
  bundle: true,
  splitting: true,
  chunkNames: 'chunk-[name]-[hash]',
  platform: 'node',
  target: 'node24',
  format: 'esm',
  sourcemap: true,
  external: ['pg-native'],
  // CommonJS packages call require for Node's own modules.
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
  },
  logLevel: 'warning',
});

const require = createRequire(import.meta.url);
const folderOf = (name) => dirname(require.resolve(`${name}/package.json`));
const swagger = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png', 'LICENSE', 'NOTICE'];
await Promise.all([
  ...swagger.map((file) => cp(join(folderOf('swagger-ui-dist'), file), join('dist/assets/swagger-ui', file))),
  cp(join(folderOf('@bull-board/ui'), 'dist'), 'dist/assets/bull-board/dist', { recursive: true }),
  cp('src/sign-in', 'dist/assets/sign-in', { recursive: true }),
  cp(join(folderOf('@arcrun/web'), 'dist'), 'dist/assets/web', { recursive: true }),
]);
