import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface PrometheusPrograms {
  readonly prometheus: string;
  readonly promtool: string;
}

/** The machine's own Prometheus; `PROMETHEUS_DIR` names another folder with `prometheus` and `promtool`. */
export function findPrometheus(): PrometheusPrograms | undefined {
  const folders = [process.env['PROMETHEUS_DIR'] ?? '', ...(process.env['PATH'] ?? '').split(delimiter)];
  const folder = folders.find(
    (each) => each !== '' && existsSync(join(each, 'prometheus')) && existsSync(join(each, 'promtool')),
  );
  return folder === undefined
    ? undefined
    : { prometheus: join(folder, 'prometheus'), promtool: join(folder, 'promtool') };
}
