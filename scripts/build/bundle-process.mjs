import { globSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { build } from 'esbuild';

/**
 * Bundles a process of the service from the package in the current folder into its `dist`: files with everything in
 * them, so that an image needs no node_modules, and it starts in half the time. What is loaded only when it is asked for
 * is in chunks.
 *
 * @param {import('esbuild').BuildOptions['entryPoints']} entryPoints
 */
export async function bundleProcess(entryPoints) {
  for (const old of globSync('dist/chunk-*')) await rm(old);
  await build({
    entryPoints,
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
}

/**
 * Leaves the lines of installed packages out of the source maps. They are most of them, and Node reads a whole map at the
 * first stack that it shows, while everybody waits, and keeps it. A stack still names the file of a package.
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
