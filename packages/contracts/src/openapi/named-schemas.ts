import type { TSchema } from 'typebox';
import { ActionDto, ActionRetryDto, NewActionDto, WebhookParams } from '../schemas/action.ts';
import { BatchStatsDto, BatchStatusCounts, BatchSummaryDto, StopBatchResponseDto } from '../schemas/batch.ts';
import { DagDto, LinkDto } from '../schemas/dag.ts';
import { RetryDeliveriesDto, RetryDeliveriesResponseDto, WebhookDeliveryDto } from '../schemas/delivery.ts';
import { ErrorDto } from '../schemas/error.ts';
import { ExplainDto } from '../schemas/explain.ts';
import { HealthDto, ReadyDto } from '../schemas/health.ts';
import { LogLevelDto } from '../schemas/log-level.ts';
import { NewBatchDto } from '../schemas/new-batch.ts';
import { Dependency, NewTaskDto } from '../schemas/new-task.ts';
import { OverviewDto } from '../schemas/overview.ts';
import {
  CapacityRule,
  ConcurencyRule,
  Matcher,
  NewConcurencyRule,
  NewRuleDto,
  RuleDto,
  UpdateBatchRulesDto,
  UpdateBatchRulesResponseDto,
} from '../schemas/rules.ts';
import { NewRerunDto, RerunPlanDto } from '../schemas/rerun.ts';
import { NewRetryDto, RetryDto } from '../schemas/retry.ts';
import { AttemptDto, BasicTaskDto, StatusKind, TaskDto, TaskStatusDto } from '../schemas/task.ts';
import { UpdateCountersDto, UpdateTaskDto } from '../schemas/update-task.ts';

/** The schemas that generated clients know by name. */
export const NAMED_SCHEMAS: { readonly [name: string]: TSchema } = {
  ActionDto,
  ActionRetryDto,
  AttemptDto,
  BasicTaskDto,
  BatchStatsDto,
  BatchStatusCounts,
  BatchSummaryDto,
  CapacityRule,
  ConcurencyRule,
  DagDto,
  Dependency,
  ErrorDto,
  ExplainDto,
  HealthDto,
  LinkDto,
  LogLevelDto,
  Matcher,
  NewActionDto,
  NewBatchDto,
  NewConcurencyRule,
  NewRerunDto,
  NewRetryDto,
  NewRuleDto,
  NewTaskDto,
  OverviewDto,
  ReadyDto,
  RerunPlanDto,
  RetryDeliveriesDto,
  RetryDeliveriesResponseDto,
  RetryDto,
  RuleDto,
  StatusKind,
  StopBatchResponseDto,
  TaskDto,
  TaskStatusDto,
  UpdateBatchRulesDto,
  UpdateBatchRulesResponseDto,
  UpdateCountersDto,
  UpdateTaskDto,
  WebhookDeliveryDto,
  WebhookParams,
};

const nameOf = new Map<object, string>(Object.entries(NAMED_SCHEMAS).map(([name, schema]) => [schema, name]));

/**
 * The schema as it stands in the document: named schemas, which the builders hold by identity, become `$ref`s.
 *
 * @param isRoot whether it is the definition itself, which must not refer to itself
 */
export function toDocument(schema: unknown, isRoot = false): unknown {
  if (typeof schema !== 'object' || schema === null) return schema;
  if (Array.isArray(schema)) return schema.map((item) => toDocument(item));
  const name = isRoot ? undefined : nameOf.get(schema);
  if (name !== undefined) return { $ref: `#/components/schemas/${name}` };
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, toDocument(value)]));
}
