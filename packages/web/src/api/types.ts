// Only types come from the contracts: their validators would more than double the first load.
export type {
  BasicTaskDto as BasicTask,
  BatchStatsDto as BatchStats,
  BatchStatusCounts as StatusCounts,
  BatchSummaryDto as BatchSummary,
  DagDto as Dag,
  ExplainDto as Explanation,
  LinkDto as Link,
  NewRuleDto as NewRule,
  RetryDeliveriesDto as RetryDeliveries,
  RuleDto as Rule,
  StatusKind as Status,
  StopBatchResponseDto as StoppedBatch,
  TaskDto as Task,
  UpdateBatchRulesResponseDto as UpdatedRules,
  WebhookDeliveryDto as Delivery,
} from '@arcrun/contracts';
