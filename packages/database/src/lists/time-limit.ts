import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

/**
 * Gives what people ask for no more than so much of Postgres' time: each statement that `run` sends may take that
 * long. All of them see the same moment.
 *
 * The planner is held to what reads in order and can stop early, since it cannot know where among two million tasks
 * the few lie that a filter lets through; and it is kept from compiling and from forking for an answer of
 * milliseconds.
 *
 * @throws an error that `classifyFailure` calls 'too slow'
 */
export async function withinTimeLimit<T>(
  db: Kysely<Schema>,
  limitMs: number,
  run: (db: Kysely<Schema>) => Promise<T>,
): Promise<T> {
  return db.connection().execute(async (connection) => {
    await sql
      .raw(
        `begin isolation level repeatable read read only;
         set local statement_timeout = ${Math.ceil(limitMs)};
         set local enable_seqscan = off;
         set local random_page_cost = 1.1;
         set local max_parallel_workers_per_gather = 0;
         set local jit = off`,
      )
      .execute(connection);
    try {
      const result = await run(connection);
      await sql`commit`.execute(connection);
      return result;
    } catch (error) {
      await sql`rollback`.execute(connection).catch(() => undefined);
      throw error;
    }
  });
}
