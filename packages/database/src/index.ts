export {
  type BatchPlan,
  type BatchWrite,
  type InsertedBatch,
  type InsertedTask,
  planBatch,
} from './batch-plan.ts';
export { BreakerOpenError, type BreakerState, DatabaseBreaker } from './breaker.ts';
export { type Db, openDatabase, type Database, type PoolSettings } from './connection.ts';
export type { DuplicateSearch, FoundDuplicates } from './dedupe.ts';
export { classifyFailure, type FailureKind, isCrowdedKind } from './failures.ts';
export { BUSY, GroupCommit } from './group-commit.ts';
export { findAnswer, type IdempotentCall, type Once } from './idempotency.ts';
export { inSlices } from './in-slices.ts';
export { toJsonList } from './json-list.ts';
export type { Page, PageOfRows } from './lists/page.ts';
export { migrate, type MigrationResult } from './migrate.ts';
export type { DeliveryStatus, Schema } from './schema.ts';
export type { ActionRetry, StoredAction } from './stored-actions.ts';
export * from './operations/index.ts';
