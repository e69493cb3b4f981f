import { expect, test } from 'vitest';
import { indexGraph } from './graph-index.ts';
import { sampleLinks, sampleTask } from './sample-tasks.ts';
import { groupId, type Grouping, OTHER_KINDS, visibleGraph } from './visible-graph.ts';

const tasks = [
  sampleTask('a', { kind: 'one' }),
  sampleTask('b1', { kind: 'many' }),
  sampleTask('b2', { kind: 'many' }),
  sampleTask('c', { kind: 'last' }),
];
const links = sampleLinks('a>b1', 'a~b2', 'b1~c', 'b2~c');
const shown = (grouping: Grouping) => visibleGraph(indexGraph(tasks, links), tasks, links, grouping);

test('apart', () => {
  const graph = shown({ isGrouped: false, except: new Set() });
  expect(graph.nodes.map(({ id }) => id)).toEqual(['a', 'b1', 'b2', 'c']);
  expect(graph.edges.map(({ id, isOptional }) => [id, isOptional])).toEqual([
    ['a b1', false],
    ['a b2', true],
    ['b1 c', true],
    ['b2 c', true],
  ]);
});

test('together: links between the same groups are one, optional only when all are', () => {
  const many = groupId('many');
  const graph = shown({ isGrouped: false, except: new Set(['many']) });
  expect(graph.nodes.map(({ id }) => id)).toEqual(['a', 'c', many]);
  expect(graph.nodeOf).toEqual(['a', many, many, 'c']);
  expect(graph.edges).toEqual([
    { id: `a ${many}`, source: 'a', target: many, isOptional: false, count: 2 },
    { id: `${many} c`, source: many, target: 'c', isOptional: true, count: 2 },
  ]);
});

test('all but one together', () => {
  const graph = shown({ isGrouped: true, except: new Set(['many']) });
  expect(graph.nodes.map(({ id }) => id)).toEqual(['b1', 'b2', groupId('one'), groupId('last')]);
});

test('links within a group are not drawn', () => {
  const chain = [sampleTask('x'), sampleTask('y')];
  const own = sampleLinks('x>y');
  const graph = visibleGraph(indexGraph(chain, own), chain, own, { isGrouped: true, except: new Set() });
  expect(graph.nodes).toHaveLength(1);
  expect(graph.edges).toEqual([]);
});

test('however many kinds there are, the groups are bounded', () => {
  const wide = Array.from({ length: 5000 }, (_, n) => sampleTask(`t${n}`, { kind: `kind-${n}` }));
  const graph = visibleGraph(indexGraph(wide, []), wide, [], { isGrouped: true, except: new Set() });
  expect(graph.nodes).toHaveLength(400);
  expect(graph.nodes.find(({ kind }) => kind === OTHER_KINDS)).toMatchObject({ type: 'group' });
});
