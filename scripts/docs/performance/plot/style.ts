// Colours are those of the host's pages, in both its modes. The background is painted, so that the plot can be read also
// where the page has another mode than the system.
const LIGHT = {
  ground: '#ffffff',
  edge: '#d1d9e0',
  text: '#1f2328',
  quiet: '#59636e',
  grid: '#e4e8ec',
  track: '#f1f4f7',
  good: '#d4f3dc',
  bar: '#1a7f37',
  bad: '#cf222e',
  run: '#0969da',
  floor: '#8250df',
  reference: '#bc4c00',
};

const DARK: typeof LIGHT = {
  ground: '#0d1117',
  edge: '#3d444d',
  text: '#f0f6fc',
  quiet: '#9198a1',
  grid: '#262c36',
  track: '#1b212a',
  good: '#12361f',
  bar: '#3fb950',
  bad: '#f85149',
  run: '#58a6ff',
  floor: '#ab7df8',
  reference: '#f0883e',
};

export const FONT = { label: 12, mark: 10, value: 13 };

const rulesOf = (colours: typeof LIGHT): string => `
  .ground { fill: ${colours.ground}; stroke: ${colours.edge}; }
  .grid { stroke: ${colours.grid}; }
  .track { fill: ${colours.track}; }
  .good { fill: ${colours.good}; }
  .bar { fill: ${colours.bar}; }
  .bad { fill: ${colours.bad}; }
  .run { fill: ${colours.run}; }
  .floor { fill: ${colours.floor}; }
  .reference { fill: ${colours.reference}; }
  .tuned { fill: ${colours.ground}; stroke: ${colours.reference}; stroke-width: 1.6; }
  text { fill: ${colours.text}; }
  text.quiet { fill: ${colours.quiet}; }`;

export const STYLE = `
  text { font: ${FONT.label}px -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif; }
  text.mark { font-size: ${FONT.mark}px; text-anchor: middle; }
  text.value { font-size: ${FONT.value}px; font-weight: 600; }
  text.unit { font-weight: 600; }
  .dot { fill-opacity: 0.6; }${rulesOf(LIGHT)}
  @media (prefers-color-scheme: dark) {${rulesOf(DARK)}
  }
`;
