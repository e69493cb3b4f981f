export {
  type PoolerOptions,
  type PostgresOptions,
  type RedisOptions,
  type RunningService,
  type Services,
  type ServicesOptions,
  StartupError,
  startPooler,
  startPostgres,
  startRedis,
  startServices,
} from './services/index.ts';
export { NODE_FLAGS } from './node-flags.ts';
export { createReceiver } from './receiver/receiver.ts';
export { findFreePort } from './services/free-port.ts';
export {
  createRandom,
  generateWorkflow,
  type Random,
  readWorkflow,
  toNewTasks,
  type Workflow,
} from './workflows/index.ts';
