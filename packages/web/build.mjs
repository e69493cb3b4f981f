import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { build } from 'vite';

// The page lies at `view` and its files below it, wherever a proxy puts both: all URLs are relative.
await build({
  root: 'src',
  base: './',
  configFile: false,
  logLevel: 'warn',
  build: {
    outDir: '../dist',
    emptyOutDir: true,
    assetsDir: 'view/assets',
    // No file is inlined: the policy of the page allows no data: but pictures.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2023',
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      // Libraries mark what runs in browsers only; all of this does.
      onLog: (level, log, handle) => log.code !== 'MODULE_LEVEL_DIRECTIVE' && handle(level, log),
    },
  },
  worker: { format: 'es' },
});

// Pressed once here instead of at each request.
const assets = 'dist/view/assets';
const files = (await readdir(assets)).filter((name) => /\.(js|css)$/.test(name));
await Promise.all(
  files.map(async (name) => {
    const path = join(assets, name);
    await writeFile(`${path}.gz`, await promisify(gzip)(await readFile(path), { level: 9 }));
  }),
);
