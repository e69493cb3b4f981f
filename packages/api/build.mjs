import { cp } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { bundleProcess } from '../../scripts/build/bundle-process.mjs';

await bundleProcess([
  ...['main', 'migrate'].map((name) => ({ in: `src/${name}.ts`, out: name })),
  // main.js starts it from beside itself.
  { in: 'src/bodies/reader-thread-main.ts', out: 'reader-thread-main' },
]);

const require = createRequire(import.meta.url);
const folderOf = (name) => dirname(require.resolve(`${name}/package.json`));
const swagger = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png', 'LICENSE', 'NOTICE'];
await Promise.all([
  ...swagger.map((file) => cp(join(folderOf('swagger-ui-dist'), file), join('dist/assets/swagger-ui', file))),
  cp(join(folderOf('@bull-board/ui'), 'dist'), 'dist/assets/bull-board/dist', { recursive: true }),
  cp('src/sign-in', 'dist/assets/sign-in', { recursive: true }),
  cp(join(folderOf('@arcrun/web'), 'dist'), 'dist/assets/web', { recursive: true }),
]);
