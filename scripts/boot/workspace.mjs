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

/** Path, size and time of change of every file below a folder, sorted; cheap to compare. */
export function listFileStamps(folder) {
  if (!existsSync(folder)) return [];
  const stamps = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== 'node_modules' && entry.name !== 'dist') stamps.push(...listFileStamps(path));
    } else if (!entry.name.includes('.test.')) {
      const stat = statSync(path, { throwIfNoEntry: false });
      if (stat) stamps.push(`${path}:${stat.size}:${stat.mtimeMs}`);
    }
  }
  return stamps.sort((a, b) => a.localeCompare(b, 'en'));
}
