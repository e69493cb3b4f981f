import { createPostgresBackend, type PgPool, runMigrations } from 'bullmq';
import { Pool } from 'pg';
import type { Place } from '../../bench/peers/commands.ts';
import { onBullmq } from './bullmq.ts';

const CONCURRENCY = 8;

/**
 * BullMQ on its own Postgres backend, with a connection for each job at a time. Its guide measures with 8 to 32 of them;
 * on two cores 8 were faster than 16 and 32.
 */
export const library = onBullmq({
  backend: createPostgresBackend,
  // The types of pg say the same in another way.
  connect: (place) => openPool(place) as unknown as PgPool,
  async prepare(place) {
    const pool = openPool(place);
    const client = await pool.connect();
    await runMigrations(client);
    client.release();
    await pool.end();
  },
  concurrency: CONCURRENCY,
});

function openPool({ postgresUrl }: Place): Pool {
  return new Pool({
    connectionString: postgresUrl,
    // One more listens.
    max: CONCURRENCY + 1,
    // BullMQ can't set it on a pool that it did not make.
    options: '-c search_path=bullmq',
  });
}
