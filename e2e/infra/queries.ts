import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';

const INFRA = resolve(import.meta.dirname, '../../infra');
export const PROMETHEUS_FOLDER = join(INFRA, 'prometheus');
const DASHBOARD = join(INFRA, 'grafana/dashboards/arcrun.json');

/** A query, and what asks it. */
export interface Query {
  readonly from: string;
  readonly expr: string;
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

export interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string }[] };
}

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
}

export function readDashboard(): Dashboard {
  return JSON.parse(readFileSync(DASHBOARD, 'utf8')) as Dashboard;
}

/** The queries of all panels, as Grafana would ask them with every kind chosen. */
export function readDashboardQueries(): Query[] {
  return readDashboard().panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat }) => ({
      from: `${title}: ${legendFormat}`,
      expr: expr.replaceAll('$__rate_interval', '1m').replaceAll('$kind', '.*'),
    })),
  );
}

export function readAlertRules(): AlertRule[] {
  const file = parse(readFileSync(join(PROMETHEUS_FOLDER, 'alerts.yml'), 'utf8')) as {
    groups: { rules: AlertRule[] }[];
  };
  return file.groups.flatMap(({ rules }) => rules);
}

const WORDS = new Set(['and', 'or', 'unless', 'offset', 'by', 'without', 'on', 'ignoring', 'bool']);

/** The names of the metrics that a PromQL expression reads. */
export function metricsOf(expr: string): string[] {
  const bare = expr
    .replace(/"[^"]*"/g, '')
    .replace(/\{[^}]*\}|\[[^\]]*\]/g, ' ')
    .replace(/\b(?:by|without|on|ignoring)\s*\([^)]*\)/g, ' ');
  const names = Array.from(bare.matchAll(/(?<![\w.])([a-zA-Z_:][\w:]*)\b(?!\s*\()/g), ([, name]) => name!);
  return names.filter((name) => !WORDS.has(name));
}
