export {
  type PostgresOptions,
  type RedisOptions,
  type RunningService,
  type Services,
  type ServicesOptions,
  StartupError,
  startPostgres,
  startRedis,
  startServices,
} from './services/index.ts';
