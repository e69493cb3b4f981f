export { type PostgresOptions, startPostgres } from './postgres.ts';
export { type PoolerOptions, startPooler } from './pooler.ts';
export { type RedisOptions, startRedis } from './redis.ts';
export type { RunningService } from './service-process.ts';
export { type Services, type ServicesOptions, startServices } from './services.ts';
export { StartupError } from './startup-error.ts';
