import { describe, expect, test } from 'vitest';
import { parseArguments } from './arguments.ts';

const parse = (line: string) => parseArguments(line.split(' ').filter(Boolean), '/folder');

describe('the page of figures', () => {
  test('is made from a whole run', () => {
    expect(parse('')).toMatchObject({ isWhole: true, repetitions: 5, render: undefined });
  });

  test.each(['--quick', '--proxy', '--only lifecycle', '--json a.json', '--profile folder'])(
    'is left alone by %s',
    (line) => expect(parse(line).isWhole).toBe(false),
  );

  test('is made from a result that is named, as seen from where npm was called', () => {
    expect(parse('--render a.json').render).toBe('/folder/a.json');
  });
});

test('what it does not know is refused', () => {
  expect(() => parse('--quik')).toThrow('--quik');
});
