import { expect, test } from 'vitest';
import { parseStartArguments } from './arguments.ts';

test('without words: two workers and the demo', () => {
  expect(parseStartArguments([], '/')).toEqual({
    workers: 2,
    demo: true,
    workflow: undefined,
    timeScale: undefined,
    exit: false,
    help: false,
  });
});

test('all words', () => {
  const file = import.meta.filename;
  const words = ['--workers', '5', '--workflow', 'arguments.test.ts', '--time-scale=0.5', '--exit'];
  expect(parseStartArguments(words, import.meta.dirname)).toMatchObject({
    workers: 5,
    workflow: file,
    timeScale: 0.5,
    exit: true,
  });
  expect(parseStartArguments(['--no-demo'], '/').demo).toBe(false);
});

test.each([
  [['--workers', '0'], '--workers takes a whole number'],
  [['--workers', 'two'], '--workers takes a whole number'],
  [['--workers', '1.5'], '--workers takes a whole number'],
  [['--worker', '2'], "Unknown option '--worker'"],
  [['demo'], "Unexpected argument 'demo'"],
  [['--time-scale', '2'], 'belongs to --workflow'],
  [['--workflow', 'x', '--time-scale=-1'], '--time-scale takes a number above 0'],
  [['--workflow', 'not-here.json'], '/nowhere/not-here.json is not there'],
  [['--workflow', 'x', '--no-demo'], 'exclude one another'],
  [['--no-demo', '--exit'], 'leave one of them out'],
])('%j is refused with one sentence', (words, sentence) => {
  expect(() => parseStartArguments(words, '/nowhere')).toThrow(
    expect.objectContaining({ name: 'StartupError', message: expect.stringContaining(sentence) }),
  );
});
