import {
  anAction,
  aWorker,
  claimAll,
  end,
  openTransaction,
  run,
  submit,
  untilBlocked,
  useTestDatabase,
  expectSoundAfterEach,
} from '@arcrun/database/testing';
import { sql } from 'kysely';
import { beforeEach, describe, expect, test } from 'vitest';
import { hashOfAction, toActionJson } from '../stored-actions.ts';
import { archiveBatches } from './archive-batches.ts';
import { forgetUnused } from './forget-unused.ts';
import { startTasks } from './start-tasks.ts';

const database = useTestDatabase();
expectSoundAfterEach(database);
let worker: string;
beforeEach(async () => {
  worker = await aWorker(database.db);
});

const archive = () => archiveBatches(database.db, { ageSecs: 0, limit: 1000 });

const rowsIn = async (table: string): Promise<number> => {
  const { rows } = await database.pool.query<{ n: number }>(`select count(*)::integer as n from ${table}`);
  return rows[0]!.n;
};

describe('what is stored once', () => {
  const rule = {
    type: 'Concurency',
    max_concurency: 1,
    matcher: { status: 'Running', kind: 'test', fields: [] },
  } as const;
  const forget = (limit = 1000) => forgetUnused(database.db, { ageSecs: 0, limit });
  /** As if so many hours had passed since all this. */
  const age = async (hours: number): Promise<void> => {
    for (const [table, column] of [
      ['action', 'used_at'],
      ['rule_set', 'used_at'],
      ['batch', 'created_at'],
    ])
      await database.pool.query(`update ${table} set ${column} = ${column} - make_interval(hours => $1)`, [
        hours,
      ]);
  };
  const storedUrls = async (): Promise<string[]> => {
    const { rows } = await database.pool.query<{ url: string }>('select url from action order by url');
    return rows.map(({ url }) => new URL(url).pathname.slice(1));
  };
  /** Comes with actions and rules of its own, and ends. */
  const aFinishedBatchOf = async (name: string): Promise<void> => {
    const actions = { onStart: anAction(`${name}-start`), onSuccess: [anAction(`${name}-success`)] };
    const { ids } = await submit(database.db, { a: { ...actions, rules: [rule] } });
    await run(database.db, worker);
    await end(database.db, 'report', { id: ids.a, status: 'Success' });
    await database.pool.query(`update delivery set status = 'Exhausted', next_attempt_at = null`);
  };

  // proves: settings/retention-unused
  test('goes when nothing has referred to it for an hour, in chunks', async () => {
    await aFinishedBatchOf('old');
    await archive();
    expect(await forget()).toBe(0);
    await age(2);
    await aFinishedBatchOf('new');
    expect(await forget(1)).toBe(1);
    expect(await forget()).toBe(1);
    expect(await storedUrls()).toEqual(['new-start', 'new-success']);
    await archive();
    await age(2);
    expect(await forget()).toBe(3);
    expect([await rowsIn('action'), await rowsIn('rule_set')]).toEqual([0, 0]);
  });

  test('stays as long as something old needs it, whatever for', async () => {
    const waits = {
      onStart: anAction('waits'),
      onSuccess: [anAction('success')],
      onFailure: [anAction('failure')],
    };
    const onComplete = [anAction('complete')];
    const { ids } = await submit(
      database.db,
      { a: {}, b: { needs: ['a'], ...waits, rules: [rule] } },
      { onComplete },
    );
    const [claim] = await claimAll(database.db, worker);
    const cancelAction = anAction('cancel');
    await startTasks(database.db, [{ id: ids.a, claim: claim!.claim, cancelAction }], { wait: true });
    await age(24);
    expect(await forget()).toBe(0);
    expect(await storedUrls()).toEqual(['cancel', 'complete', 'failure', 'start', 'success', 'waits']);
    expect(await rowsIn('rule_set')).toBe(1);
  });

  test('is renewed by whoever comes with it again', async () => {
    await aFinishedBatchOf('same');
    await archive();
    await age(2);
    await aFinishedBatchOf('same');
    await archive();
    expect(await forget()).toBe(0);
    expect(await rowsIn('rule_set')).toBe(1);
  });

  test('is there for a batch that is written while it is deleted', async () => {
    await aFinishedBatchOf('same');
    await archive();
    await age(2);
    const deletion = await openTransaction(database.db);
    expect(await forgetUnused(deletion.trx, { ageSecs: 0, limit: 1000 })).toBe(3);
    const creation = aFinishedBatchOf('same');
    await untilBlocked(database.db, 'create_batch');
    await deletion.commit();
    await creation;
    expect(await storedUrls()).toEqual(['same-start', 'same-success']);
    expect(await rowsIn('rule_set')).toBe(1);
  });

  test('is not deleted while a batch is written that comes with it', async () => {
    await aFinishedBatchOf('same');
    await archive();
    await age(2);
    const creation = await openTransaction(database.db);
    const action = anAction('same-start');
    const text = toActionJson(hashOfAction(action), action);
    await sql`select save_actions(${`[${text}]`}::json)`.execute(creation.trx);
    expect(await forget()).toBe(2);
    await creation.commit();
    expect(await storedUrls()).toEqual(['same-start']);
  });
});
