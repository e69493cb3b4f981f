import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const VERSION = '4.32.5';
const FOLDER = resolve(import.meta.dirname, `../../../.arcrun/schemathesis-${VERSION}`);

const run = promisify(execFile);

/** The path of the program, installed from PyPI when it is not there; null where that cannot be done. */
export async function findSchemathesis(): Promise<string | null> {
  const program = join(FOLDER, 'bin/schemathesis');
  try {
    if (!existsSync(program)) {
      await run('python3', ['-m', 'venv', FOLDER]);
      await run(join(FOLDER, 'bin/pip'), ['install', '--quiet', `schemathesis==${VERSION}`]);
    }
    await run(program, ['--version']);
    return program;
  } catch {
    return null;
  }
}
