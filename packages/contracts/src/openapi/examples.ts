import type { NewActionDto } from '../schemas/action.ts';
import type { RetryDeliveriesDto } from '../schemas/delivery.ts';
import type { LogLevelDto } from '../schemas/log-level.ts';
import type { NewBatchBody } from '../schemas/new-batch.ts';
import type { NewRerunDto } from '../schemas/rerun.ts';
import type { UpdateBatchRulesDto } from '../schemas/rules.ts';
import type { UpdateCountersDto, UpdateTaskDto } from '../schemas/update-task.ts';

export type Examples<T> = { readonly [name: string]: { readonly summary: string; readonly value: T } };

function call(path: string): NewActionDto {
  return { kind: 'Webhook', params: { url: `https://ci.example.com/${path}`, verb: 'Post' } };
}

export const NEW_BATCH_EXAMPLES: Examples<NewBatchBody> = {
  array: {
    summary: 'Two tasks, the second after the first',
    value: [
      { id: 'build', name: 'Build', kind: 'ci', on_start: call('build') },
      {
        id: 'test',
        name: 'Test',
        kind: 'ci',
        timeout: 600,
        metadata: { branch: 'main' },
        dependencies: [{ id: 'build', requires_success: true }],
        on_start: {
          kind: 'Webhook',
          params: { url: 'https://ci.example.com/test', verb: 'Post', body: { suite: 'all' } },
        },
        on_failure: [call('notify')],
        retry: { max_attempts: 3, on: ['timeout', 'start'] },
      },
    ],
  },
  object: {
    summary: 'A batch with a scope, a rule and a call at its end',
    value: {
      scope: 'nightly',
      metadata: { commit: '4f2a9c1' },
      on_batch_complete: [call('done')],
      tasks: [
        {
          id: 'import',
          name: 'Import tenant 7',
          kind: 'etl',
          metadata: { tenant_id: 7 },
          expected_count: 1000,
          priority: 10,
          rules: [
            {
              type: 'Concurency',
              max_concurency: 3,
              matcher: { status: 'Running', kind: 'etl', fields: ['tenant_id'] },
            },
            {
              type: 'Capacity',
              max_capacity: 500,
              matcher: { status: 'Running', kind: 'etl', fields: ['tenant_id'] },
            },
          ],
          dedupe_strategy: [{ status: 'Pending', kind: 'etl', fields: ['tenant_id'] }],
          on_start: call('import'),
        },
      ],
    },
  },
};

export const UPDATE_TASK_EXAMPLES: Examples<UpdateTaskDto> = {
  success: { summary: 'The task is done', value: { status: 'Success', new_success: 12 } },
  failure: { summary: 'The task failed', value: { status: 'Failure', failure_reason: 'exit code 2' } },
  final: {
    summary: 'It failed, and another attempt would too',
    value: { status: 'Failure', failure_reason: 'no such branch', retryable: false },
  },
  progress: { summary: 'It goes on, with more to do', value: { expected_count: 2000, priority: 20 } },
};

export const UPDATE_COUNTERS_EXAMPLES: Examples<UpdateCountersDto> = {
  counted: { summary: 'Ten more done, one of them badly', value: { new_success: 9, new_failures: 1 } },
};

export const UPDATE_BATCH_RULES_EXAMPLES: Examples<UpdateBatchRulesDto> = {
  limit: {
    summary: 'At most five at a time from now on',
    value: {
      kind: 'etl',
      rules: [
        { type: 'Concurency', max_concurency: 5, matcher: { status: 'Running', kind: 'etl', fields: [] } },
      ],
    },
  },
  remove: { summary: 'No rules from now on', value: { kind: 'etl', rules: [] } },
};

export const RETRY_DELIVERIES_EXAMPLES: Examples<RetryDeliveriesDto> = {
  batch: {
    summary: 'Those of one batch and of its tasks',
    value: { status: 'exhausted', batch_id: '01990f6e-8a7b-7c3d-9e4f-0123456789ab' },
  },
};

export const NEW_RERUN_EXAMPLES: Examples<NewRerunDto> = {
  unsuccessful: { summary: 'What did not succeed', value: { only: 'unsuccessful' } },
  dryRun: { summary: 'What all of it would be', value: { only: 'all', dry_run: true } },
};

export const LOG_LEVEL_EXAMPLES: Examples<LogLevelDto> = {
  debug: { summary: 'Everything', value: { level: 'debug' } },
};
