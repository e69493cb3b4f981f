import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the clone. */
export const projectDir = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** Whatever is fetched or made on this machine lies here; deleting it costs a download, and the local data. */
export const stateDir = join(projectDir, '.arcrun');

export const toolsDir = join(stateDir, 'tools');
export const nodeVersion = '24.21.0';
export const oldestNodeMajor = 24;
export const pnpmVersion = '12.21.0';
