import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/**
 * Where the static files of a package lie: beside the bundle, which has to do without node_modules, or else in the
 * installed package.
 *
 * @param within the folder of the package
 */
export function assetFolder(name: string, packageName: string, within = ''): string {
  const beside = join(import.meta.dirname, 'assets', name);
  return existsSync(beside)
    ? beside
    : join(dirname(createRequire(import.meta.url).resolve(`${packageName}/package.json`)), within);
}

/** Where static files of our own lie: beside the bundle, or else among the sources. */
export function ownAssetFolder(name: string): string {
  const beside = join(import.meta.dirname, 'assets', name);
  return existsSync(beside) ? beside : join(import.meta.dirname, name);
}
