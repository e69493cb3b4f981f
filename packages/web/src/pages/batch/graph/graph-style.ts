import type { StylesheetJson } from 'cytoscape';
import type { Status } from '../../../api/types.ts';
import { STATUSES } from '../../../components/statuses.ts';
import type { Direction } from './layered-layout.ts';
import type { Palette } from './palette.ts';

/** Beyond this many edges they are drawn as plain lines, which is several times faster. */
const PLAIN_EDGES_ABOVE = 1000;

/** Not begun is dotted, held or given up dashed, the rest whole: the border tells it without colours too. */
const BORDERS: Readonly<Partial<Record<Status, 'dashed' | 'dotted'>>> = {
  Waiting: 'dotted',
  Paused: 'dashed',
  Canceled: 'dashed',
};

export function graphStyle(palette: Palette, edgeCount: number, direction: Direction): StylesheetJson {
  const arePlain = edgeCount > PLAIN_EDGES_ABOVE;
  const isRight = direction === 'right';
  return [
    {
      selector: 'node',
      style: {
        shape: 'round-rectangle',
        width: 'data(width)',
        height: 'data(height)',
        'background-color': palette.ground,
        'border-width': 1.5,
        label: 'data(label)',
        color: palette.text,
        'font-family': 'system-ui, sans-serif',
        'font-size': 12,
        'text-valign': 'center',
        'text-halign': 'center',
        'text-margin-x': 10,
        'text-wrap': 'ellipsis',
        'text-max-width': '138px',
        'min-zoomed-font-size': 7,
        'background-width': '14px',
        'background-height': '14px',
        'background-position-x': '9px',
        'background-position-y': '50%',
        'overlay-opacity': 0,
      },
    },
    ...STATUSES.map((status) => ({
      selector: `node[status="${status}"]`,
      style: {
        'background-color': palette.status[status].tint,
        'border-color': palette.status[status].color,
        'background-image': palette.status[status].icon,
        ...(BORDERS[status] === undefined ? {} : { 'border-style': BORDERS[status] }),
      },
    })),
    {
      selector: 'node[type="group"]',
      style: {
        'border-style': 'double',
        'border-width': 4,
        'text-wrap': 'wrap',
        'line-height': 1.35,
        'text-max-width': '178px',
        'text-overflow-wrap': 'anywhere',
        'min-zoomed-font-size': 5,
      },
    },
    {
      selector: 'node[fills]',
      style: {
        'background-fill': 'linear-gradient',
        'background-gradient-direction': 'to-right',
        'background-gradient-stop-colors': 'data(fills)' as unknown as string[],
        'background-gradient-stop-positions': 'data(stops)' as unknown as string[],
      },
    },
    {
      selector: 'edge',
      style: {
        width: 1.2,
        'line-color': palette.edge,
        opacity: arePlain ? 0.35 : 0.75,
        'curve-style': arePlain ? 'haystack' : 'straight',
        'haystack-radius': 0,
        ...(arePlain
          ? {}
          : {
              'source-endpoint': isRight ? '50% 0%' : '0% 50%',
              'target-endpoint': isRight ? '-50% 0%' : '0% -50%',
              'target-arrow-shape': 'triangle' as const,
              'target-arrow-color': palette.edge,
              'arrow-scale': 0.8,
            }),
        'overlay-opacity': 0,
      },
    },
    { selector: 'edge[?isOptional]', style: { 'line-style': 'dashed', 'line-dash-pattern': [6, 4] } },
    { selector: 'edge[label]', style: { label: 'data(label)', 'font-size': 10, color: palette.faint } },
    { selector: '.faded', style: { opacity: 0.12 } },
    {
      selector: 'edge.near',
      style: { width: 2, opacity: 1, 'line-color': palette.accent, 'target-arrow-color': palette.accent },
    },
    {
      selector: 'edge.critical',
      style: {
        width: 4,
        opacity: 1,
        'line-color': palette.status.Canceled.color,
        'target-arrow-color': palette.status.Canceled.color,
        'z-index': 5,
      },
    },
    {
      selector: 'node.critical',
      style: { 'outline-width': 3, 'outline-color': palette.status.Canceled.color, 'outline-offset': 2 },
    },
    {
      selector: 'node.chosen',
      style: { 'outline-width': 4, 'outline-color': palette.accent, 'outline-offset': 2 },
    },
  ];
}
