import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { projectDir } from './places.mjs';

/** Every package of the workspace: its folder and its package.json, as text and parsed. */
export function listPackages() {
  const folders = [projectDir, join(projectDir, 'e2e')];
  for (const entry of readdirSync(join(projectDir, 'packages'), { withFileTypes: true })) {
    if (entry.isDirectory()) folders.push(join(projectDir, 'packages', entry.name));
  }
  return folders
    .filter((folder) => existsSync(join(folder, 'package.json')))
    .sort((a, b) => a.localeCompare(b, 'en'))
    .map((folder) => {
      const text = readFileSync(join(folder, 'package.json'), 'utf8');
      return { folder, text, manifest: JSON.parse(text) };
    });
}

/** One text that changes when any of the parts does. */
export function digest(parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex');
}

/** The content of a file of the root; empty when there is none. */
export function readRootFile(name) {
  const file = join(projectDir, name);
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/** Path, size and time of change of a file, or of every file below a folder; cheap to compare. */
export function listFileStamps(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return [];
  if (!stat.isDirectory()) return path.includes('.test.') ? [] : [`${path}:${stat.size}:${stat.mtimeMs}`];
  return readdirSync(path)
    .filter((name) => name !== 'node_modules' && name !== 'dist')
    .sort((a, b) => a.localeCompare(b, 'en'))
    .flatMap((name) => listFileStamps(join(path, name)));
}
