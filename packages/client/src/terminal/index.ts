export { openScreen } from './screen.ts';
export type { Screen } from './screen.ts';
export { renderLegend } from './status-legend.ts';
export {
  bar,
  canRedraw,
  formatCount,
  formatSeconds,
  lengthOf,
  paint,
  printable,
  symbolOf,
  themeOf,
  TONES,
  widthOf,
} from './style.ts';
export type { Line, Segment, Symbols, Theme, Tone } from './style.ts';
export { textTable } from './text-table.ts';
