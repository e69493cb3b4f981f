import { join } from 'node:path';
import { stateDir as projectStateDir } from './cache-folder.ts';
import { GIVEN_POSTGRES, GIVEN_REDIS, requireServer } from './given-server.ts';
import { startPostgres } from './postgres.ts';
import { startRedis } from './redis.ts';
import type { RunningService } from './service-process.ts';

export interface ServicesOptions {
  /** Where the data lie. Default: `.arcrun/` of the clone. */
  stateDir?: string;
  durable?: boolean;
  /** `DATABASE_URL` and `REDIS_URL` of these win over the embedded servers, each for itself. Default: process.env. */
  env?: Readonly<Record<string, string | undefined>>;
  postgresPort?: number;
  redisPort?: number;
  onProgress?: (message: string) => void;
}

export interface Services {
  databaseUrl: string;
  redisUrl: string;
  /** Only when it is embedded. */
  postgres?: RunningService;
  /** Only when it is embedded. */
  redis?: RunningService;
  /** Stops what is embedded, Redis before Postgres. */
  stop(): Promise<void>;
}

/**
 * Makes sure of a Postgres and a Redis: those that the environment names, else embedded ones.
 * @throws StartupError when one of them can't be had; the other is stopped before
 */
export async function startServices(options: ServicesOptions = {}): Promise<Services> {
  const env = options.env ?? process.env;
  const stateDir = options.stateDir ?? projectStateDir;
  const shared = {
    durable: options.durable ?? true,
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
  };
  const [postgres, redis] = await Promise.allSettled([
    env.DATABASE_URL
      ? requireServer(GIVEN_POSTGRES, env.DATABASE_URL)
      : startPostgres({
          ...shared,
          dataDir: join(stateDir, 'postgres'),
          ...(options.postgresPort === undefined ? {} : { port: options.postgresPort }),
        }),
    env.REDIS_URL
      ? requireServer(GIVEN_REDIS, env.REDIS_URL)
      : startRedis({
          ...shared,
          dataDir: join(stateDir, 'redis'),
          cacheDir: join(stateDir, 'cache'),
          ...(options.redisPort === undefined ? {} : { port: options.redisPort }),
        }),
  ]);
  const running = { postgres: valueOf(postgres), redis: valueOf(redis) };
  const stop = async (): Promise<void> => {
    await running.redis?.stop();
    await running.postgres?.stop();
  };
  for (const outcome of [postgres, redis]) {
    if (outcome.status === 'rejected') {
      await stop();
      throw outcome.reason;
    }
  }
  return {
    databaseUrl: env.DATABASE_URL || (running.postgres?.url ?? ''),
    redisUrl: env.REDIS_URL || (running.redis?.url ?? ''),
    ...(running.postgres === undefined ? {} : { postgres: running.postgres }),
    ...(running.redis === undefined ? {} : { redis: running.redis }),
    stop,
  };
}

function valueOf<T>(outcome: PromiseSettledResult<T | void>): T | undefined {
  return outcome.status === 'fulfilled' && outcome.value ? outcome.value : undefined;
}
