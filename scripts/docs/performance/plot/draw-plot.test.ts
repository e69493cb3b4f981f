import { describe, expect, test } from 'vitest';
import { sampleScenario } from '../../../../e2e/bench/report/sample-scenario.ts';
import { drawPlot } from './draw-plot.ts';

const count = (svg: string, part: string): number => svg.split(part).length - 1;
/** In the drawing; the legend has one more, with the same radius. */
const countDots = (svg: string): number => count(svg, '<circle class="dot run"') - 1;
const NUMBER_THAT_IS_NONE = /NaN|Infinity|undefined/;

describe('a plot', () => {
  const svg = drawPlot(sampleScenario([1600, 1700, 1650]));

  test('has a dot for each repetition, their median and the bar', () => {
    expect(countDots(svg)).toBe(3);
    expect(svg).toContain('1,650 tasks/s</text>');
    expect(svg).toContain('met · 1,600 – 1,700</text>');
    expect(svg).toContain('≥ 1,500</text>');
  });

  test('says so when the bar is missed', () => {
    expect(drawPlot(sampleScenario([1400]))).toContain('class="bad">not met</text>');
  });

  test('says what its marks are, and no more', () => {
    expect(svg).toContain('one run</text>');
    expect(svg).toContain('median</text>');
    expect(svg).not.toContain('floor</text>');
    expect(svg).not.toContain('ArcRun in Rust');
  });

  test('has one axis for each unit', () => {
    const [outcome] = sampleScenario([1]).outcomes;
    const outcomes = ['ms', 'tasks/s', 'ms'].map((unit) => ({ ...outcome!, unit }));
    const drawn = drawPlot(sampleScenario([1], undefined, { outcomes }));
    expect(Array.from(drawn.matchAll(/class="unit">([^<]*)</g), ([, unit]) => unit)).toEqual([
      'ms',
      'tasks/s',
    ]);
  });
});

test('floors stand on the axis of the rates', () => {
  const floors = { express: { per_second: [14_000, 13_000], cpu_ms: [0.06, 0.06] } };
  const svg = drawPlot(sampleScenario([1600], undefined, { floors }));
  expect(svg).toContain('floor: Express 5, a POST</text>');
  expect(svg).toContain('13,500 per s</text>');
  expect(count(svg, 'class="unit"')).toBe(1);
});

test('what ArcRun in Rust reached is marked', () => {
  const svg = drawPlot(sampleScenario([1600], undefined, { scenario: 'lifecycle' }));
  expect(svg).toContain('Rust 294</text>');
  expect(svg).toContain('Rust, tuned 222</text>');
});

test('words are text, whatever they hold', () => {
  const svg = drawPlot(
    sampleScenario([1], { what: 'a < b & "c" </text><script>', unit: '<ms>' }, { what: '</title>&' }),
  );
  expect(svg).toContain('a &lt; b &amp; &quot;c&quot;');
  expect(svg).not.toContain('<script>');
  expect(svg).toContain('&lt;/title&gt;&amp;</title>');
  expect(svg).toContain('1.00 &lt;ms&gt;</text>');
});

describe('what was not measured', () => {
  test('has no dot', () => {
    const svg = drawPlot(sampleScenario([1600, Number.NaN, 1700]));
    expect(countDots(svg)).toBe(2);
    expect(svg).not.toMatch(NUMBER_THAT_IS_NONE);
  });

  test.each([[[Number.NaN]], [[]]])('%o is drawn as an empty row', (values: number[]) => {
    const svg = drawPlot(sampleScenario(values));
    expect(countDots(svg)).toBe(0);
    expect(svg).toContain('? tasks/s</text>');
    expect(svg).not.toMatch(NUMBER_THAT_IS_NONE);
  });
});

test('a single repetition has no median and no spread', () => {
  const svg = drawPlot(sampleScenario([1600]));
  expect(countDots(svg)).toBe(1);
  expect(svg).toContain('class="bar">met</text>');
  expect(svg).not.toContain('median</text>');
});

test('the longest label is broken into lines that end before the axis', () => {
  const svg = drawPlot(sampleScenario([1], { what: 'word '.repeat(40).trim(), unit: 'ms' }));
  const lines = Array.from(svg.matchAll(/class="quiet">((?:word ?)+)</g), ([, line]) => line!);
  expect(lines.join(' ').split(' ')).toHaveLength(40);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(40);
});
