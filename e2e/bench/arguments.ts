import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

const RESULTS = resolve(import.meta.dirname, '../../bench-results');
const REPETITIONS = 5;

export const USAGE = `npm run bench -- [--quick] [--only SCENARIO]… [--json FILE] [--profile FOLDER] [--proxy]
npm run bench -- --peers [--quick] [--only SYSTEM]… [--json FILE]
npm run bench -- --render FILE

  --quick           each scenario once instead of ${REPETITIONS} times, and without those that take long
  --only SCENARIO   only this one ("edge latency"); may be given several times
  --json FILE       where the result goes; by default bench-results/quick.json or full.json
  --profile FOLDER  leaves CPU profiles of API and worker there, and what the statements of Postgres cost
  --proxy           API and workers reach Postgres through pgbouncer in transaction mode
  --peers           ArcRun beside other queues instead, 3 times or once (docs/peers.md)
  --render FILE     runs nothing: makes docs/performance.md and its plots anew from a result

A whole run, with none of these, makes docs/performance.md itself.`;

export interface BenchArguments {
  readonly help: boolean;
  readonly isQuick: boolean;
  readonly repetitions: number;
  /** Empty: all. */
  readonly only: readonly string[];
  readonly resultFile: string;
  readonly profileFolder: string | undefined;
  /** Whether all is measured, in full and with nothing beside: the run that docs/performance.md tells of. */
  readonly isWhole: boolean;
  /** The result that is to be published instead of a run. */
  readonly render: string | undefined;
  readonly isProxied: boolean;
}

/**
 * @param folder which paths are relative to
 * @throws when there is one that it does not know
 */
export function parseArguments(words: readonly string[], folder: string): BenchArguments {
  const { values } = parseArgs({
    args: [...words],
    options: {
      help: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      json: { type: 'string' },
      profile: { type: 'string' },
      render: { type: 'string' },
      proxy: { type: 'boolean', default: false },
    },
  });
  return {
    help: values.help,
    isQuick: values.quick,
    repetitions: values.quick ? 1 : REPETITIONS,
    only: values.only,
    resultFile:
      values.json === undefined
        ? resolve(RESULTS, `${values.quick ? 'quick' : 'full'}${values.proxy ? '-proxy' : ''}.json`)
        : resolve(folder, values.json),
    profileFolder: values.profile === undefined ? undefined : resolve(folder, values.profile),
    isWhole:
      !values.quick &&
      !values.proxy &&
      values.only.length === 0 &&
      values.json === undefined &&
      values.profile === undefined,
    render: values.render === undefined ? undefined : resolve(folder, values.render),
    isProxied: values.proxy,
  };
}
