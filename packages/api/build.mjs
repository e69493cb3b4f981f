import { globSync } from 'node:fs';
import { cp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
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
  // Without comments it is plain ASCII, of which Node keeps a byte a character instead of two.
  minifyWhitespace: true,
  sourcemap: true,
  plugins: [{ name: 'map own code', setup: mapOwnCode }],
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

/**
 * Leaves the lines of installed packages out of the source maps: they are four fifths of them, and Node reads a whole
 * map at the first stack that it shows, while everybody waits. A stack still names the file of a package.
 *
 * @param {import('esbuild').PluginBuild} bundle
 */
function mapOwnCode(bundle) {
  bundle.onLoad({ filter: /[\\/]node_modules[\\/].*\.[cm]?js$/ }, async ({ path }) => {
    // esbuild goes on from the map that a file comes with. This one has one place for the whole file.
    const map = { version: 3, sources: [basename(path)], sourcesContent: [''], mappings: 'AAAA' };
    const code = await readFile(path, 'utf8');
    const url = `data:application/json,${encodeURIComponent(JSON.stringify(map))}`;
    return { contents: `${code}\n//# sourceMappingURL=${url}`, loader: 'js' };
  });
}
