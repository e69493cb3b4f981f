import { ABILITIES_TABLE } from '../../e2e/bench/peers/abilities.ts';
import { IGNORED_SETTINGS, type Setting, SETTINGS } from '../../packages/config/src/index.ts';
import { buildOpenApi } from '../../packages/contracts/src/index.ts';
import {
  OPEN_STATUSES,
  TASK_STATUSES,
  type Transition,
  TRANSITIONS,
} from '../../packages/domain/src/index.ts';
import { createMetrics } from '../../packages/observability/src/index.ts';
import { PACKAGE_LAYERS } from '../package-layers.ts';
import { listFaults } from './list-faults.ts';
import { PERFORMANCE_SECTIONS } from './performance/sections.ts';
import { toTable } from './to-table.ts';

/** The parts of the pages that are generated, by the name that their markers have. */
export const SECTIONS: Readonly<Record<string, () => string>> = {
  lifecycle: drawLifecycle,
  transitions: listTransitions,
  layers: listLayers,
  settings: listSettings,
  'ignored-settings': () => IGNORED_SETTINGS.map((name) => `\`${name}\``).join(', '),
  metrics: listMetrics,
  calls: listCalls,
  ...PERFORMANCE_SECTIONS,
  faults: listFaults,
  peers: () => toTable(ABILITIES_TABLE[0]!, ABILITIES_TABLE.slice(1)),
};

function listLayers(): string {
  return toTable(
    ['package', 'may depend on'],
    Object.entries(PACKAGE_LAYERS).map(([name, others]) => [code(name), others.map(code).join(', ')]),
  );
}

const code = (text: string): string => `\`${text}\``;

const isFromAnywhere = (transition: Transition): boolean =>
  OPEN_STATUSES.every((status) => transition.from.includes(status));

/** A Mermaid diagram. What may happen in every open state is drawn once, from the box around them. */
function drawLifecycle(): string {
  const arrows: string[] = [];
  const arrowsOut: string[] = [];
  for (const transition of Object.values<Transition>(TRANSITIONS)) {
    for (const to of transition.to) {
      if (isFromAnywhere(transition)) arrowsOut.push(`  open --> ${to}: ${transition.when}`);
      else for (const from of transition.from) arrows.push(`    ${from} --> ${to}: ${transition.when}`);
    }
  }
  const isInside = (arrow: string) => OPEN_STATUSES.some((status) => arrow.includes(`--> ${status}:`));
  return [
    '```mermaid',
    'stateDiagram-v2',
    '  state "not ended" as open {',
    '    [*] --> Waiting: created with open parents',
    '    [*] --> Pending: created without',
    ...arrows.filter(isInside),
    '  }',
    ...arrows.filter((arrow) => !isInside(arrow)).map((arrow) => arrow.slice(2)),
    ...arrowsOut,
    ...TASK_STATUSES.filter((status) => !(OPEN_STATUSES as readonly string[]).includes(status)).map(
      (status) => `  ${status} --> [*]`,
    ),
    '```',
  ].join('\n');
}

function listTransitions(): string {
  const rows = Object.values<Transition>(TRANSITIONS).map(({ from, fromHandedBack = [], to, when }) => {
    const later = fromHandedBack.length === 0 ? '' : `; handed back before: ${fromHandedBack.join(', ')}`;
    return [from.join(', ') + later, to.join(' or '), when];
  });
  return toTable(['from', 'to', 'when'], rows);
}

function describeValues(setting: Setting): string {
  switch (setting.type) {
    case 'integer':
    case 'number':
      return `${setting.min} to ${setting.max}`;
    case 'flag':
      return '0 or 1';
    case 'list':
      return 'comma-separated';
    case 'tokens':
      return `comma-separated, each of ${setting.minLength} characters or more`;
    case 'secrets':
      return 'comma-separated, each base64 of 24 to 64 bytes';
    case 'url':
      return setting.protocols.map((protocol) => code(`${protocol}//…`)).join(', ');
    case 'choice':
      return setting.choices.map(code).join(', ');
    case 'text':
      return 'text';
  }
}

function listSettings(): string {
  const rows = Object.entries<Setting>(SETTINGS).map(([name, setting]) => [
    code(name),
    setting.required ? '**required**' : setting.default === undefined ? '' : code(setting.default),
    describeValues(setting),
    setting.description,
  ]);
  return toTable(['variable', 'default', 'values', 'meaning'], rows);
}

const isOfNode = (name: string): boolean => /^(process|nodejs)_/.test(name);

function listMetrics(): string {
  const rows = createMetrics()
    .registry.getMetricsAsArray()
    .filter(({ name }) => !isOfNode(name))
    .map((metric) => {
      const { name, help, labelNames = [] } = metric as typeof metric & { labelNames?: string[] };
      return [code(name), metric.constructor.name.toLowerCase(), labelNames.map(code).join(', '), help];
    });
  return toTable(['metric', 'type', 'labels', 'meaning'], rows);
}

interface OpenApiOperation {
  readonly summary: string;
  readonly responses: Readonly<Record<string, unknown>>;
}

function listCalls(): string {
  const { paths } = buildOpenApi() as {
    paths: Record<string, Record<string, OpenApiOperation>>;
  };
  const rows = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { summary, responses }]) => [
      code(`${method.toUpperCase()} ${path}`),
      summary,
      Object.keys(responses).join(', '),
    ]),
  );
  return toTable(['call', 'does', 'answers'], rows);
}
