import { useSyncExternalStore } from 'react';
import type { Status } from '../../../api/types.ts';
import { STATUS_SHAPES } from '../../../components/status-icon.tsx';
import { countName, STATUSES } from '../../../components/statuses.ts';

type Rgb = readonly [number, number, number];

/** The colours of the theme as a canvas takes them. */
export interface Palette {
  readonly ground: string;
  readonly text: string;
  readonly faint: string;
  readonly accent: string;
  readonly edge: string;
  readonly status: Readonly<Record<Status, StatusPaint>>;
}

interface StatusPaint {
  readonly color: string;
  /** A ground for text, told from that of the page. */
  readonly tint: string;
  /** For the part that is done. */
  readonly strongTint: string;
  /** The icon, as an address of an image. */
  readonly icon: string;
}

/** Reads the colours of the scheme that the page has now. */
function readPalette(): Palette {
  const probe = document.createElement('span');
  document.body.append(probe);
  const read = (name: string): Rgb => {
    probe.style.color = `var(--${name})`;
    const [red = 0, green = 0, blue = 0] = (getComputedStyle(probe).color.match(/[\d.]+/g) ?? []).map(Number);
    return [red, green, blue];
  };
  const ground = read('ground');
  const paint = (status: Status): StatusPaint => {
    const color = read(countName(status));
    return {
      color: toText(color),
      tint: toText(mix(color, ground, 0.1)),
      strongTint: toText(mix(color, ground, 0.32)),
      icon: iconOf(status, toText(color)),
    };
  };
  const palette: Palette = {
    ground: toText(ground),
    text: toText(read('text')),
    faint: toText(read('faint')),
    accent: toText(read('accent')),
    edge: toText(read('strong-line')),
    status: Object.fromEntries(STATUSES.map((status) => [status, paint(status)])) as Record<
      Status,
      StatusPaint
    >,
  };
  probe.remove();
  return palette;
}

const toText = (color: Rgb): string => `rgb(${color.map(Math.round).join(',')})`;

const mix = (one: Rgb, other: Rgb, share: number): Rgb => [
  one[0] * share + other[0] * (1 - share),
  one[1] * share + other[1] * (1 - share),
  one[2] * share + other[2] * (1 - share),
];

function iconOf(status: Status, color: string): string {
  const fill = status === 'Running' ? color : 'none';
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="32" height="32" viewBox="-1 -1 18 18" fill="${fill}" stroke="${color}" ` +
    `stroke-width="2" stroke-linecap="round" stroke-linejoin="round"><path d="${STATUS_SHAPES[status]}"/></svg>`;
  return `data:image/svg+xml;utf8,${encodeURIComponent(svg)}`;
}

const scheme = matchMedia('(prefers-color-scheme: dark)');
let current: Palette | undefined;

/** The palette, which changes with the system's scheme. */
export function usePalette(): Palette {
  return useSyncExternalStore(subscribe, () => (current ??= readPalette()));
}

function subscribe(listener: () => void): () => void {
  const onChange = (): void => {
    current = undefined;
    listener();
  };
  scheme.addEventListener('change', onChange);
  return () => scheme.removeEventListener('change', onChange);
}
