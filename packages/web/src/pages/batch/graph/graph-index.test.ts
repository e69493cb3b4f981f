import { describe, expect, test } from 'vitest';
import { criticalPath, indexGraph, reach } from './graph-index.ts';
import { sampleLinks, sampleTask } from './sample-tasks.ts';

const at = (seconds: number): string => new Date(seconds * 1000).toISOString();
const names = (index: { ids: readonly string[] }, positions: Iterable<number>): string[] =>
  [...positions].map((position) => index.ids[position]!).toSorted();

describe('a diamond with a tail', () => {
  const tasks = ['a', 'b', 'c', 'd', 'e'].map((id) => sampleTask(id));
  const links = sampleLinks('a>b', 'a>c', 'b>d', 'c~d', 'd>e');
  const index = indexGraph(tasks, links);

  test('is ordered, each task one behind the last of its parents', () => {
    expect(index.ranks).toEqual([0, 1, 1, 2, 3]);
    const place = new Map(index.order.map((position, order) => [position, order]));
    for (const [child, parents] of index.parents.entries())
      for (const parent of parents) expect(place.get(parent)).toBeLessThan(place.get(child)!);
  });

  test('what lies before and behind a task', () => {
    expect(names(index, reach(index, 3, 'parents'))).toEqual(['a', 'b', 'c']);
    expect(names(index, reach(index, 2, 'children'))).toEqual(['d', 'e']);
    expect(names(index, reach(index, 0, 'parents'))).toEqual([]);
  });

  test('links to tasks that are not there are left out', () => {
    expect(indexGraph(tasks, sampleLinks('a>x', 'x>b')).parents.flat()).toEqual([]);
  });
});

describe('the critical path', () => {
  const ended = (id: string, from: number, to: number, kind = id) =>
    sampleTask(id, { kind, status: 'Success', started_at: at(from), ended_at: at(to) });

  test('goes through what took longest', () => {
    const tasks = [ended('a', 0, 1), ended('slow', 1, 9), ended('quick', 1, 2), ended('d', 9, 10)];
    const index = indexGraph(tasks, sampleLinks('a>slow', 'a>quick', 'slow>d', 'quick>d'));
    expect(criticalPath(index, tasks, 20_000)).toEqual([0, 1, 3]);
  });

  test('expects of what has not started the time of its kind', () => {
    const tasks = [
      ended('a', 0, 1),
      ended('once', 0, 30, 'heavy'),
      sampleTask('next', { kind: 'heavy' }),
      sampleTask('light', { kind: 'light' }),
    ];
    const index = indexGraph(tasks, sampleLinks('a>next', 'a>light'));
    expect(criticalPath(index, tasks, 40_000)).toEqual([0, 2]);
  });

  test('counts what runs with its time so far', () => {
    const running = (id: string, from: number) =>
      sampleTask(id, { kind: id, status: 'Running', started_at: at(from) });
    const tasks = [running('long', 0), running('short', 50)];
    expect(criticalPath(indexGraph(tasks, []), tasks, 60_000)).toEqual([0]);
  });

  test('is as long as the batch when nothing is known', () => {
    const tasks = ['a', 'b', 'c', 'd'].map((id) => sampleTask(id));
    const index = indexGraph(tasks, sampleLinks('a>b', 'b>c'));
    expect(criticalPath(index, tasks, 0)).toEqual([0, 1, 2]);
  });
});
