import type { RuleMatcher, TaskStatus } from '@arcrun/domain';
import {
  aBatch,
  aWorker,
  batchRow,
  claimAll,
  countDeadlocks,
  end,
  start,
  statusesOf,
  submit,
  type TaskSpec,
  writeBatch,
  useTestDatabase,
  expectSoundAfterEach,
} from '@arcrun/database/testing';
import fc from 'fast-check';
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { isCrowdedKind } from '../failures.ts';
import { mendPlaces } from './mend-places.ts';

const database = useTestDatabase();
expectSoundAfterEach(database);

const looksFor = (status: TaskStatus, fields: readonly string[] = ['t'], kind = 'test'): RuleMatcher => ({
  status,
  kind,
  fields,
});

/** Names of the tasks that were created. */
async function create(tasks: Record<string, TaskSpec>, by = database): Promise<string[]> {
  const created = await writeBatch(by.db, aBatch(tasks).batch);
  return created.described.map((task) => task.name);
}

const json = (value: unknown) => JSON.stringify(value);

describe('what a matcher looks for', () => {
  const aTask = (metadata: unknown, dedupe: RuleMatcher[] = []): TaskSpec => ({
    metadata: metadata === undefined ? null : json(metadata),
    dedupe,
  });

  // proves: rules/dedupe, rules/dedupe-missing
  test.each([
    ['equal values', { t: 1 }, { t: 1 }, true],
    ['other values', { t: 1 }, { t: 2 }, false],
    ['another type', { t: 1 }, { t: '1' }, false],
    ['1 and 1.0', { t: 1 }, { t: '#1.0' }, true],
    ['null and null', { t: null }, { t: null }, true],
    ['null and nothing', { t: null }, { u: 1 }, false],
    ['nothing and null', { u: 1 }, { t: null }, false],
    ['nothing on both sides', { u: 1 }, { u: 1 }, false],
    ['no metadata', undefined, undefined, false],
    ['objects in another order', { t: { a: 1, b: [2] } }, { t: { b: [2], a: 1 } }, true],
    ['an object that contains it', { t: { a: 1, b: 2 } }, { t: { a: 1 } }, false],
    ['a list that contains it', { t: [1, 2] }, { t: [1] }, false],
    ['empty objects', { t: {} }, { t: {} }, true],
    ['metadata that is no object', [1], [1], false],
  ])('%s', async (_name, there, asked, isDuplicate) => {
    await create({ a: aTask(there) });
    const text = json(asked)?.replace(/"#([^"]*)"/, '$1') ?? null;
    const created = await create({ b: { metadata: text, dedupe: [looksFor('Pending')] } });
    expect(created).toEqual(isDuplicate ? [] : ['b']);
  });

  // proves: rules/dedupe-no-fields
  test('kind and status alone, without fields', async () => {
    const asked = { dedupe: [looksFor('Pending', [])] };
    expect(await create({ a: asked })).toEqual(['a']);
    expect(await create({ b: asked })).toEqual([]);
    expect(await create({ c: { dedupe: [looksFor('Waiting', [])] } })).toEqual(['c']);
    expect(await create({ d: { dedupe: [looksFor('Pending', [], 'other')] } })).toEqual(['d']);
  });

  // proves: rules/dedupe-matcher-kind
  test("the matcher's kind counts, not the task's own", async () => {
    await create({ a: { kind: 'other', metadata: json({ t: 1 }) } });
    const metadata = json({ t: 1 });
    expect(await create({ b: { metadata, dedupe: [looksFor('Pending')] } })).toEqual(['b']);
    expect(await create({ c: { metadata, dedupe: [looksFor('Pending', ['t'], 'other')] } })).toEqual([]);
  });

  // proves: rules/dedupe
  test('exactly that status', async () => {
    const metadata = json({ t: 1 });
    const worker = await aWorker(database.db);
    const { ids } = await submit(database.db, { a: { metadata } });
    const asksFor = async (status: TaskStatus) =>
      (await create({ x: { kind: 'asking', metadata, dedupe: [looksFor(status)] } })).length === 0;
    const seen: TaskStatus[] = [];
    const look = async () => {
      for (const status of ['Pending', 'Claimed', 'Running', 'Success', 'Waiting', 'Canceled'] as const)
        if (await asksFor(status)) seen.push(status);
    };
    await look();
    const claims = await claimAll(database.db, worker, [ids.a]);
    await look();
    await start(database.db, claims);
    await look();
    await end(database.db, 'report', { id: ids.a, status: 'Success' });
    await look();
    expect(seen).toEqual(['Pending', 'Claimed', 'Running', 'Success']);
  });

  // proves: rules/dedupe-missing
  test('any of several fields must be there, all must be equal', async () => {
    await create({ a: { metadata: json({ t: 1, u: 2 }) } });
    const dedupe = [looksFor('Pending', ['u', 't'])];
    expect(await create({ b: { metadata: json({ t: 1 }), dedupe } })).toEqual(['b']);
    expect(await create({ c: { metadata: json({ t: 1, u: 3 }), dedupe } })).toEqual(['c']);
    expect(await create({ d: { metadata: json({ t: 1, u: 2, v: 3 }), dedupe } })).toEqual([]);
  });
});

// proves: rules/dedupe-same-request, rules/dedupe-dependency
test('within a request an earlier one counts, and a dependency on a duplicate counts as met', async () => {
  const one = { metadata: json({ t: 1 }), dedupe: [looksFor('Pending'), looksFor('Waiting')] };
  const { batch, id } = aBatch({
    first: one,
    root: {},
    // Its own parent is not waited for by those behind it.
    twin: { ...one, needs: ['root'] },
    child: { needs: ['twin'] },
    grandchild: { needs: ['child', 'root'] },
  });
  const created = await writeBatch(database.db, batch);
  expect(created.described.map((task) => task.name)).toEqual(['first', 'root', 'child', 'grandchild']);
  expect(created.pending).toBe(3);
  expect(await statusesOf(database.db, id)).toEqual({
    first: 'Pending',
    root: 'Pending',
    child: 'Pending',
    grandchild: 'Waiting',
  });
});

// proves: webhooks/batch-complete-empty
test('a batch of duplicates alone is an empty one, and complete at once', async () => {
  const dedupe = [looksFor('Pending', [])];
  await create({ a: { dedupe } });
  const { batch, id } = aBatch({ b: { dedupe }, c: { dedupe } });
  expect((await writeBatch(database.db, batch)).described).toEqual([]);
  expect(await batchRow(database.db, id)).toMatchObject({
    total_tasks: 0,
    open_tasks: 0,
    completed_at: expect.any(Date),
  });
});

test('a kind is looked at in at most 32 ways', async () => {
  const ways = (from: number, count: number) =>
    Array.from({ length: count }, (_, index) => looksFor('Pending', [`f${from + index}`]));
  for (let i = 0; i < 32; i += 8) await create({ a: { dedupe: ways(i, 8) } });
  await expect(create({ b: { dedupe: ways(32, 1) } })).rejects.toSatisfy(isCrowdedKind);
  expect(await create({ c: { dedupe: ways(0, 8) } })).toEqual(['c']);
});

// proves: rules/dedupe, rules/dedupe-any
test('a field has whatever name it has', async () => {
  const names = Array.from({ length: 10 }, (_, n) => `${n} ${randomBytes(600).toString('base64')}`);
  const aTask = { metadata: json(Object.fromEntries(names.map((name) => [name, 1]))) };
  expect(await create({ a: { ...aTask, dedupe: [looksFor('Pending', names)] } })).toEqual(['a']);
  expect(await create({ b: { ...aTask, dedupe: [looksFor('Pending', names)] } })).toEqual([]);
});

test('ways that no request has used for a day make room for others', async () => {
  const ways = (from: number, count: number) =>
    Array.from({ length: count }, (_, index) => looksFor('Pending', [`f${from + index}`]));
  for (let i = 0; i < 32; i += 8) await create({ a: { dedupe: ways(i, 8) } });
  await database.pool.query(`update dedupe_shape set used_at = now() - interval '25 hours'`);
  // A request that uses one renews it.
  await create({ a: { dedupe: ways(0, 2) } });
  await mendPlaces(database.db, 0);
  const { rows } = await database.pool.query('select fields[1] as field from dedupe_shape order by field');
  expect(rows.map(({ field }) => field)).toEqual(['f0', 'f1']);
  expect(await create({ b: { dedupe: ways(32, 1) } })).toEqual(['b']);
});

test('requests one after another, against a model', async () => {
  interface Existing {
    kind: string;
    status: TaskStatus;
    metadata: Record<string, number>;
  }
  const kinds = ['k', 'l'];
  const aMatcher = fc.record({
    status: fc.constantFrom<TaskStatus>('Waiting', 'Pending'),
    kind: fc.constantFrom(...kinds),
    fields: fc.subarray(['t', 'u']),
  });
  const aTask = fc.record({
    kind: fc.constantFrom(...kinds),
    metadata: fc.record({ t: fc.nat(1), u: fc.nat(1) }, { requiredKeys: [] }),
    dedupe: fc.array(aMatcher, { maxLength: 2 }),
    parents: fc.array(fc.nat(4), { maxLength: 2 }),
  });
  const requests = fc.array(fc.array(aTask, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(requests, async (batches) => {
      await database.clear();
      const there: Existing[] = [];
      for (const tasks of batches) {
        const specs: Record<string, TaskSpec> = {};
        const expected: string[] = [];
        const added: Existing[] = [];
        for (const [index, task] of tasks.entries()) {
          const needs = [...new Set(task.parents)].filter((parent) => parent < index).map((n) => `n${n}`);
          specs[`n${index}`] = { ...task, metadata: json(task.metadata), needs };
          const metadata = task.metadata as Record<string, number>;
          const isDuplicate = task.dedupe.some(
            ({ kind, status, fields }) =>
              fields.every((field) => field in metadata) &&
              [...there, ...added].some(
                (other) =>
                  other.kind === kind &&
                  other.status === status &&
                  fields.every((field) => other.metadata[field] === metadata[field]),
              ),
          );
          if (isDuplicate) continue;
          const waits = needs.some((need) => expected.includes(need));
          added.push({ kind: task.kind, status: waits ? 'Waiting' : 'Pending', metadata });
          expected.push(`n${index}`);
        }
        expect(await create(specs)).toEqual(expected);
        there.push(...added);
      }
    }),
    { numRuns: 60 },
  );
});

describe('at the same moment', () => {
  const processes = 6;

  // proves: rules/dedupe-race
  test('fifty identical requests create one task', async () => {
    const others = Array.from({ length: processes }, () => ({ ...database, ...database.open(4) }));
    for (let round = 0; round < 100; round++) {
      const metadata = json({ t: round });
      const created = await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          create({ a: { metadata, dedupe: [looksFor('Pending')] } }, others[index % processes]),
        ),
      );
      expect(created.flat()).toEqual(['a']);
    }
    expect(await countDeadlocks(database.db)).toBe(0);
  });

  // proves: rules/dedupe-race
  test('of two that look for each other by shapes never seen before, one is created', async () => {
    const left = { ...database, ...database.open(2) };
    const right = { ...database, ...database.open(2) };
    for (let round = 0; round < 200; round++) {
      const metadata = json({ [`a${round}`]: 1, [`b${round}`]: 1 });
      const created = await Promise.all([
        create(
          { a: { kind: `l${round}`, metadata, dedupe: [looksFor('Pending', [`a${round}`], `r${round}`)] } },
          left,
        ),
        create(
          { b: { kind: `r${round}`, metadata, dedupe: [looksFor('Pending', [`b${round}`], `l${round}`)] } },
          right,
        ),
      ]);
      expect(created.flat()).toHaveLength(1);
    }
    expect(await countDeadlocks(database.db)).toBe(0);
  });
});
