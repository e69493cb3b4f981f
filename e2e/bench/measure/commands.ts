import { Redis } from 'ioredis';
import type { System } from '../system/start-system.ts';

/** How much has been asked of the servers since they began. */
export interface Commands {
  /** Transactions of the database under test; most are of one statement. */
  readonly postgres: number;
  /** Those inside of scripts included. */
  readonly redis: number;
}

/** Both readings are counted themselves, too: a handful of commands. Sessions of Postgres report within a second or so. */
export async function readCommands({ database, redisUrl }: System): Promise<Commands> {
  const { rows } = await database.pool.query<{ transactions: number }>(
    `select (xact_commit + xact_rollback)::float8 as transactions
     from pg_stat_database where datname = current_database()`,
  );
  return { postgres: rows[0]!.transactions, redis: await countRedisCommands(redisUrl) };
}

async function countRedisCommands(url: string): Promise<number> {
  const redis = new Redis(url);
  try {
    const stats = await redis.info('stats');
    return Number(/total_commands_processed:(\d+)/.exec(stats)?.[1]);
  } finally {
    redis.disconnect();
  }
}
