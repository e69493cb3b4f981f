import { randomUUID } from 'node:crypto';
import type { Database } from '@arcrun/database';
import { clockMs } from '../measure/clock.ts';
import { readCpuTimes } from '../measure/cpu-time.ts';
import type { Floor } from './floor.ts';

const TASKS = 5000;
const SET = 50;

/** The rows of a task as it is created: what rests and what moves. */
const INSERT = `
  with new as (select id, row_number() over () as position from unnest($1::uuid[]) as id),
  resting as (
    insert into task (id, batch_id, position, created_at, name, kind, timeout_secs, dead_end_barrier, on_start,
                      on_success, on_failure)
    select id, $2, position, now(), 'task-' || position, 'bench', 86400, false, '\\x00112233445566778899aabbccddeeff',
           '{}', '{}'
    from new)
  insert into task_state (id, batch_id, position, created_at, status, priority, timeout_secs, open_parents,
                          last_updated)
  select id, $2, position, now(), 'Pending', 0, 86400, 0, now() from new`;

/** Its three transitions. */
const UPDATES = [
  `update task_state set status = 'Claimed', claim = claim + 1, worker_id = $2, check_at = now(), last_updated = now()
   where id = any($1::uuid[]) and status = 'Pending'`,
  `update task_state set status = 'Running', started_at = now(), check_at = now(), last_updated = now()
   where id = any($1::uuid[]) and status = 'Claimed' and worker_id = $2`,
  `update task_state set status = 'Success', ended_at = now(), check_at = null, worker_id = null, last_updated = now()
   where id = any($1::uuid[]) and status = 'Running' and worker_id = $2`,
];

/**
 * The rows of tasks, inserted and updated in sets of 50, each set in four transactions, one after another. The CPU
 * is that of Postgres, its background included.
 *
 * @param database with the tables of the product, in which nobody else works
 */
export async function measurePostgres({ pool }: Database, postgresPid: number): Promise<Floor> {
  await pool.query('truncate task, task_state');
  const before = readCpuTimes({ postgres: postgresPid });
  const beganMs = clockMs();
  for (let set = 0; set < TASKS / SET; set++) {
    const ids = Array.from({ length: SET }, () => randomUUID());
    const other = randomUUID();
    for (const statement of [INSERT, ...UPDATES]) {
      const { rowCount } = await pool.query(statement, [ids, other]);
      if (rowCount !== SET)
        throw new Error(`the floor of Postgres changed ${rowCount} rows instead of ${SET}`);
    }
  }
  const elapsedMs = clockMs() - beganMs;
  const after = readCpuTimes({ postgres: postgresPid });
  return { perSecond: (TASKS / elapsedMs) * 1000, cpuMs: (after.postgres - before.postgres) / TASKS };
}
