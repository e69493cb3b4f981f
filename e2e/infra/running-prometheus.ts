import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '@arcrun/database/testing';
import { parse, stringify } from 'yaml';
import { PROMETHEUS_FOLDER } from './queries.ts';
import { freePort } from '../harness/free-port.ts';

interface ScrapeConfig {
  job_name: string;
  authorization?: { credentials_file: string };
  dns_sd_configs?: unknown;
  static_configs?: unknown;
}

interface PrometheusConfig {
  global: { scrape_interval: string; evaluation_interval: string };
  scrape_configs: ScrapeConfig[];
}

/**
 * Lays out the project's own settings of Prometheus in a folder, with processes of this machine in place of those that
 * DNS names, and scraped each second.
 *
 * @returns the path of the main file
 */
export async function layOutPrometheus(
  folder: string,
  targets: Readonly<Record<string, readonly string[]>>,
  token = '',
): Promise<string> {
  await cp(PROMETHEUS_FOLDER, folder, { recursive: true });
  const file = join(folder, 'prometheus.yml');
  const config = parse(await readFile(file, 'utf8'), { merge: true }) as PrometheusConfig;
  config.global = { scrape_interval: '1s', evaluation_interval: '1s' };
  const credentialsFile = join(folder, 'token');
  await writeFile(credentialsFile, token);
  config.scrape_configs = config.scrape_configs.map(({ dns_sd_configs: _names, ...scrape }) => ({
    ...scrape,
    authorization: { credentials_file: credentialsFile },
    static_configs: [{ targets: targets[scrape.job_name] ?? [] }],
  }));
  await writeFile(file, stringify(config, { aliasDuplicateObjects: false }));
  return file;
}

interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

export interface RunningPrometheus {
  /** @throws what Prometheus says of a query that it refuses */
  query(expr: string): Promise<Sample[]>;
  stop(): Promise<void>;
}

/** Starts a real Prometheus and waits until it is ready. */
export async function startPrometheus(
  program: string,
  configFile: string,
  folder: string,
): Promise<RunningPrometheus> {
  const port = await freePort();
  const child = spawn(
    program,
    [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-20_000);
  });
  const ended = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  await until(
    'Prometheus is ready',
    async () => {
      if (child.exitCode !== null) throw new Error(`Prometheus ended:\n${output}`);
      const response = await fetch(`${url}/-/ready`).catch(() => null);
      await response?.arrayBuffer();
      return response?.ok === true;
    },
    30_000,
  );
  return {
    async query(expr) {
      const response = await fetch(`${url}/api/v1/query`, {
        method: 'POST',
        body: new URLSearchParams({ query: expr }),
      });
      const answer = (await response.json()) as {
        status: string;
        error?: string;
        data: { result: Sample[] };
      };
      if (answer.status !== 'success') throw new Error(`${expr}\n${answer.error}`);
      return answer.data.result;
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
