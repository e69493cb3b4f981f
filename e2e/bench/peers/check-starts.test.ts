import { describe, expect, it } from 'vitest';
import { checkStarts } from './check-starts.ts';

const startsOf = (...tasks: string[]) => tasks.map((task, index) => ({ task, atMs: index }));

describe('what a comparison accepts as work done', () => {
  it('takes each task once, in any order where none is asked for', () => {
    expect(() => checkStarts(startsOf('2', '1', '3'), 3, 'any')).not.toThrow();
  });

  it('refuses a task that is missing, one that ran twice, and one in the place of another', () => {
    expect(() => checkStarts(startsOf('1', '2'), 3, 'any')).toThrow('2 ran 2 times');
    expect(() => checkStarts(startsOf('1', '2', '3', '3'), 3, 'any')).toThrow('3 ran 4 times');
    expect(() => checkStarts(startsOf('1', '2', '2'), 3, 'any')).toThrow('2 ran 3 times');
  });

  it('refuses a chain that is out of order', () => {
    expect(() => checkStarts(startsOf('1', '2', '3'), 3, 'one after another')).not.toThrow();
    expect(() => checkStarts(startsOf('1', '3', '2'), 3, 'one after another')).toThrow('task 3 ran');
  });

  it('refuses a fan whose first or last task is among the others', () => {
    expect(() => checkStarts(startsOf('1', '3', '2', '4'), 4, 'first and last')).not.toThrow();
    expect(() => checkStarts(startsOf('2', '1', '3', '4'), 4, 'first and last')).toThrow('task 2 ran');
    expect(() => checkStarts(startsOf('1', '2', '4', '3'), 4, 'first and last')).toThrow('task 3 ran');
  });
});
