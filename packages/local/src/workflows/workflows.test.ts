import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  checkWorkflow,
  defaultTimeScale,
  generateWorkflow,
  levelsOf,
  longestPathSeconds,
  readWorkflow,
  toNewTasks,
} from './index.ts';
import type { Workflow } from './index.ts';

const step = (id: string, parents: string[] = [], runtime_seconds = 1) => ({
  id,
  kind: 'k',
  runtime_seconds,
  parents,
});
const flow = (...tasks: unknown[]) => ({ name: 'w', makespan_seconds: 1, tasks });

describe('the format', () => {
  test('a workflow is read, unknown fields left out', () => {
    const given = { ...flow({ ...step('a'), more: 1 }, step('b', ['a'])), source: 'x' };
    expect(checkWorkflow(given)).toEqual({ ok: true, workflow: flow(step('a'), step('b', ['a'])) });
  });

  test.each<[unknown, string]>([
    [[], 'the file must hold an object'],
    [{ makespan_seconds: 1, tasks: [] }, 'name must be'],
    [{ name: 'w', makespan_seconds: '1', tasks: [] }, 'makespan_seconds must be'],
    [flow(), 'tasks must be an array with at least one task'],
    [flow(step('a'), 7), 'tasks[1] must be an object'],
    [flow({ ...step('a'), id: ' ' }), 'tasks[0].id must be'],
    [flow({ ...step('a'), kind: undefined }), 'tasks[0].kind must be'],
    [flow({ ...step('a'), runtime_seconds: -1 }), 'tasks[0].runtime_seconds must be'],
    [flow({ ...step('a'), parents: 'b' }), 'tasks[0].parents must be'],
    [flow({ ...step('a'), parents: [1] }), 'tasks[0].parents[0] must be'],
    [flow(step('a'), step('a')), 'tasks[1].id: "a" stands there twice'],
    [flow(step('a'), step('b', ['a', 'a'])), 'tasks[1].parents[1]: "a" stands there twice'],
    [flow(step('a', ['a'])), 'tasks[0].parents[0]: "a" is the task itself'],
    [flow(step('a', ['z'])), 'tasks[0].parents[0]: no task has the id "z"'],
    [
      flow(step('a', ['c']), step('b', ['a']), step('c', ['b']), step('d', ['c'])),
      'tasks: the parents form a cycle, a -> b -> c -> a',
    ],
  ])('wrong %#: the field is named', (value, problem) => {
    expect(checkWorkflow(value)).toEqual({ ok: false, problem: expect.stringContaining(problem) });
  });

  test('a file that is missing, a folder, no JSON or no workflow is one sentence with its name', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'arcrun-workflow-'));
    const file = join(folder, 'w.json');
    try {
      await expect(readWorkflow(file)).rejects.toThrow(
        `Cannot read the workflow ${file}: there is no such file.`,
      );
      await expect(readWorkflow(folder)).rejects.toThrow('it is a folder.');
      await writeFile(file, '{');
      await expect(readWorkflow(file)).rejects.toThrow(`The workflow ${file} is not JSON`);
      await writeFile(file, '{"name":""}');
      await expect(readWorkflow(file)).rejects.toThrow(`The workflow ${file} cannot be run: name must be`);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('the shape', () => {
  const diamond = [step('d', ['b', 'c'], 4), step('b', ['a'], 2), step('c', ['a'], 3), step('a', [], 1)];

  test('levels and the longest path do not depend on the order of the list', () => {
    expect(Object.fromEntries(levelsOf(diamond))).toEqual({ a: 1, b: 2, c: 2, d: 3 });
    expect(longestPathSeconds(diamond)).toBe(8);
  });

  test('by default the longest path takes 20 seconds; runtimes of 0 stay', () => {
    expect(defaultTimeScale({ name: 'w', makespan_seconds: 1, tasks: diamond })).toBe(0.4);
    expect(defaultTimeScale({ name: 'w', makespan_seconds: 1, tasks: [step('a', [], 0)] })).toBe(1);
  });
});

describe('the tasks to create', () => {
  const options = { receiverUrl: 'http://r:1/', timeScale: 4, run: 'r 1' };
  const only = (task: Workflow['tasks'][number]) =>
    toNewTasks({ name: 'w', makespan_seconds: 1, tasks: [task] }, options)[0];

  test('parents are required, runtimes scaled', () => {
    const tasks = toNewTasks(
      { name: 'w', makespan_seconds: 1, tasks: [step('a', [], 2), step('b', ['a'], 1200)] },
      options,
    );
    expect(tasks[0]?.on_start.params).toEqual({
      url: 'http://r:1/work?run=r+1',
      verb: 'Post',
      body: { duration_ms: 500, outcome: 'Success', local_id: 'a' },
    });
    expect(tasks[1]).toMatchObject({ timeout: 420, dependencies: [{ id: 'a', requires_success: true }] });
  });

  test('long kinds keep both ends and differ, long names are cut, both between characters', () => {
    const long = (end: string) => `${'🐘'.repeat(80)}${'x'.repeat(300)}${end}`;
    const one = only({ ...step(long('1')), kind: long('1') });
    const other = only({ ...step(long('1')), kind: long('1').replace('xx', 'yx') });
    expect(Array.from(one?.kind ?? '')).toHaveLength(100);
    expect(one?.kind).toMatch(/^🐘+….{8}…x+1$/u);
    expect(one?.kind).not.toBe(other?.kind);
    expect(Array.from(one?.name ?? '')).toHaveLength(255);
    expect(one?.name.isWellFormed()).toBe(true);
    expect(one?.id).toBe(long('1'));
    expect(only({ ...step('a'), kind: 'k'.repeat(100) })?.kind).toBe('k'.repeat(100));
  });

  test('a task that would outlast the longest timeout is refused with a remedy', () => {
    expect(() => only(step('a', [], 400_000))).toThrow('choose a time scale of 112 or more');
  });
});

describe('the generator', () => {
  const sizes = fc
    .record({
      seed: fc.nat(),
      levels: fc.integer({ min: 2, max: 12 }),
      fanIn: fc.integer({ min: 1, max: 40 }),
      more: fc.nat({ max: 200 }),
    })
    .map(({ more, ...rest }) => ({ ...rest, tasks: rest.levels - 1 + rest.fanIn + more }));

  test('any sizes give an acyclic workflow with exactly these tasks, levels and fan-in', () => {
    fc.assert(
      fc.property(sizes, (options) => {
        const workflow = generateWorkflow(options);
        expect(checkWorkflow(workflow)).toEqual({ ok: true, workflow });
        expect(workflow.tasks).toHaveLength(options.tasks);
        expect(Math.max(...levelsOf(workflow.tasks).values())).toBe(options.levels);
        expect(Math.max(...workflow.tasks.map((task) => task.parents.length))).toBe(options.fanIn);
      }),
    );
  });

  test('the same seed gives the same workflow, another seed another', () => {
    fc.assert(
      fc.property(sizes, (options) => {
        expect(generateWorkflow(options)).toEqual(generateWorkflow(options));
      }),
      { numRuns: 20 },
    );
    expect(generateWorkflow({ seed: 1 }).tasks).not.toEqual(generateWorkflow({ seed: 2 }).tasks);
  });

  test('the sequence is pinned, so that a seed means the same in every version', () => {
    const { tasks } = generateWorkflow({ seed: 7, tasks: 6, levels: 3, fanIn: 2 });
    expect(tasks.map((task) => [task.id, task.runtime_seconds, ...task.parents])).toMatchInlineSnapshot(`
      [
        [
          "l1_1",
          8.979,
        ],
        [
          "l1_2",
          3.327,
        ],
        [
          "l2_1",
          4.019,
          "l1_1",
          "l1_2",
        ],
        [
          "l2_2",
          18.151,
          "l1_1",
        ],
        [
          "l2_3",
          0.863,
          "l1_2",
        ],
        [
          "l3_1",
          7.912,
          "l2_3",
          "l1_1",
        ],
      ]
    `);
  });

  test('by default it has 1,700 tasks, 8 levels and a fan-in of 400', () => {
    const { tasks } = generateWorkflow({ seed: 1 });
    expect(tasks).toHaveLength(1700);
    expect(Math.max(...levelsOf(tasks).values())).toBe(8);
    expect(Math.max(...tasks.map((task) => task.parents.length))).toBe(400);
  });

  test.each([
    [{ tasks: 5, levels: 3, fanIn: 4 }, '3 levels and a fan-in of 4 need 6 tasks or more'],
    [{ tasks: 5, levels: 1, fanIn: 1 }, 'fanIn must be 0'],
    [{ tasks: 5, levels: 2, fanIn: 0 }, 'fanIn must be 1 or more'],
    [{ tasks: 5.5, levels: 2, fanIn: 1 }, 'whole numbers'],
  ])('sizes that no graph has are refused %#', (options, message) => {
    expect(() => generateWorkflow({ seed: 1, ...options })).toThrow(message);
  });
});

const real = process.env['WORKFLOWS_DIR'] ?? join(import.meta.dirname, '../../../../../shared/workflows');

describe.skipIf(!existsSync(real))('the recorded workflows', () => {
  test.each(existsSync(real) ? readdirSync(real).filter((name) => name.endsWith('.json')) : [])(
    '%s is read, and its tasks keep the limits',
    async (name) => {
      const workflow = await readWorkflow(join(real, name));
      const tasks = toNewTasks(workflow, {
        receiverUrl: 'http://r',
        timeScale: defaultTimeScale(workflow),
      });
      expect(tasks).toHaveLength(workflow.tasks.length);
      expect(tasks.every((task) => task.kind.length <= 100 && task.name.length <= 255)).toBe(true);
    },
  );
});
