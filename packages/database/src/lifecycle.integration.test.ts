import { allowedPairs, isTerminal, TASK_STATUSES, type TaskStatus } from '@arcrun/domain';
import { createTestDatabase, nextId, type TestDatabase } from '@arcrun/database/testing';
import { DatabaseError } from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase(inject('templateUrl'));
});
afterAll(() => database.close());

/** The columns that a status asks for, so that nothing but the lifecycle can refuse a change. */
function columnsOf(status: TaskStatus) {
  const now = new Date().toISOString();
  const isHeld = status === 'Claimed' || status === 'Running';
  return {
    status,
    open_parents: status === 'Waiting' ? 1 : 0,
    worker_id: isHeld ? nextId() : null,
    started_at: isHeld ? now : null,
    check_at: isHeld ? now : null,
    ended_at: isTerminal(status) ? now : null,
  };
}

async function tryChange(from: TaskStatus, to: TaskStatus): Promise<boolean> {
  const id = nextId();
  const now = new Date().toISOString();
  await database.db
    .insertInto('task_state')
    .values({
      id,
      batch_id: nextId(),
      created_at: now,
      position: 0,
      priority: 0,
      timeout_secs: 60,
      last_updated: now,
      ...columnsOf(from),
    })
    .execute();
  try {
    await database.db.updateTable('task_state').set(columnsOf(to)).where('id', '=', id).execute();
    return true;
  } catch (error) {
    if (error instanceof DatabaseError && error.constraint === 'lifecycle') return false;
    throw error;
  }
}

// proves: lifecycle/terminal-for-ever
test('the database lets a status change along the pairs of the domain, and no others', async () => {
  const allowed: string[] = [];
  for (const from of TASK_STATUSES) {
    for (const to of TASK_STATUSES) {
      if (from !== to && (await tryChange(from, to))) allowed.push(`${from} → ${to}`);
    }
  }
  expect(allowed).toEqual(allowedPairs().map(([from, to]) => `${from} → ${to}`));
});
