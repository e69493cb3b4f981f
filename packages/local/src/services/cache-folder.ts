import { resolve } from 'node:path';

/** The root of the clone; this file lies in packages/local/src/services. */
export const projectDir = resolve(import.meta.dirname, '../../../..');

/** Everything that the project downloads or stores on this machine lies here, out of git's sight. */
export const stateDir = resolve(projectDir, '.arcrun');

/** What can be fetched again. */
export const cacheDir = resolve(stateDir, 'cache');
