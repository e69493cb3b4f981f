import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { StartupError } from '../services/startup-error.ts';

export const USAGE = `npm start -- [options]
  --workers N        worker processes, 1 to 64 (default 2)
  --no-demo          serve only
  --workflow FILE    run a recorded workflow instead of the demo
  --time-scale N     multiplies the workflow's times (default: its longest path takes 20 s)
  --exit             end after the demo or workflow, with exit code 0 or 1
  --help             this text`;

export interface StartArguments {
  workers: number;
  demo: boolean;
  /** Full path. */
  workflow: string | undefined;
  timeScale: number | undefined;
  /** End when the demo or workflow has ended. */
  exit: boolean;
  help: boolean;
}

/**
 * Reads the words after `npm start --`.
 * @param callerDir what a relative FILE starts from
 * @throws StartupError that names the first wrong word
 */
export function parseStartArguments(args: readonly string[], callerDir: string): StartArguments {
  const values = parse(args);
  const workers = values.workers === undefined ? 2 : Number(values.workers);
  if (!Number.isInteger(workers) || workers < 1 || workers > 64) {
    throw new StartupError(`--workers takes a whole number from 1 to 64, not "${values.workers}".`);
  }
  const timeScale = values['time-scale'] === undefined ? undefined : Number(values['time-scale']);
  if (timeScale !== undefined && !(Number.isFinite(timeScale) && timeScale > 0)) {
    throw new StartupError(`--time-scale takes a number above 0, not "${values['time-scale']}".`);
  }
  if (timeScale !== undefined && values.workflow === undefined) {
    throw new StartupError('--time-scale belongs to --workflow FILE, which is missing.');
  }
  if (values.workflow !== undefined && values['no-demo']) {
    throw new StartupError('--no-demo and --workflow exclude one another: leave one out.');
  }
  if (values['no-demo'] && values.exit) {
    throw new StartupError('--exit ends after the demo, which --no-demo leaves out: leave one of them out.');
  }
  const workflow = values.workflow === undefined ? undefined : resolve(callerDir, values.workflow);
  if (workflow !== undefined && !existsSync(workflow)) {
    throw new StartupError(`The workflow file ${workflow} is not there: check the path.`);
  }
  return {
    workers,
    demo: !values['no-demo'],
    workflow,
    timeScale,
    exit: values.exit ?? false,
    help: values.help ?? false,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        workers: { type: 'string' },
        'no-demo': { type: 'boolean' },
        workflow: { type: 'string' },
        'time-scale': { type: 'string' },
        exit: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split(/[.\n]/)[0] ?? '') : String(error);
    throw new StartupError(`${reason}: see "npm start -- --help".`);
  }
}
