export { task, webhook } from './builders.ts';
export type { TaskInput } from './builders.ts';
export { countUnfinished, createClient } from './client.ts';
export type {
  ArcRunClient,
  CallOptions,
  ClientOptions,
  CreatedBatch,
  CreateOptions,
  WaitOptions,
} from './client.ts';
export { ArcRunError } from './error.ts';
export { handle } from './handle.ts';
export type { Handle } from './handle.ts';
export type { TransportOptions } from './transport.ts';
export type * from './types.ts';
