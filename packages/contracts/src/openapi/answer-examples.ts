import type { BatchStatsDto } from '../schemas/batch.ts';
import type { RetryDeliveriesResponseDto } from '../schemas/delivery.ts';
import type { ExplainDto } from '../schemas/explain.ts';
import type { RerunPlanDto } from '../schemas/rerun.ts';
import type { BasicTaskDto } from '../schemas/task.ts';
import type { Examples } from './examples.ts';

const BATCH = '01990f6e-8a7b-7c3d-9e4f-0123456789ab';
const BUILD = '01990f6e-8a7b-7c3d-9e4f-0123456789ac';
const IMPORT = '01990f6e-8a7b-7c3d-9e4f-0123456789ad';

export const EXPLAIN_EXAMPLES: Examples<ExplainDto> = {
  parent: {
    summary: 'It waits for a parent',
    value: {
      status: 'Waiting',
      open_parents: 1,
      waiting_for: [
        { type: 'parent', id: BUILD, name: 'Build', kind: 'ci', status: 'Running', requires_success: true },
      ],
      frees: 'It starts when its parent "Build" has succeeded',
    },
  },
  rule: {
    summary: 'It waits for a place',
    value: {
      status: 'Pending',
      open_parents: 0,
      waiting_for: [
        {
          type: 'rule',
          rule: {
            type: 'Concurency',
            max_concurency: 1,
            matcher: { status: 'Running', kind: 'etl', fields: ['tenant_id'] },
          },
          occupancy: 1,
          limit: 1,
          holders: [{ id: IMPORT, name: 'Import tenant 7', kind: 'etl', status: 'Running' }],
          position: 3,
        },
      ],
      frees:
        'It starts when there is no Claimed or Running task of kind "etl" with the same tenant_id (now 1, and 2 wait before it)',
    },
  },
  retry: {
    summary: 'Its attempt failed, and the next one is not due yet',
    value: {
      status: 'Pending',
      open_parents: 0,
      waiting_for: [
        {
          type: 'retry',
          attempt: 2,
          max_attempts: 5,
          next_attempt_at: '2026-01-02T03:04:09.123456Z',
          failure_reason: 'exit code 2',
        },
      ],
      frees: 'It starts when attempt 2 of 5 is due at 2026-01-02T03:04:09.123456Z (exit code 2)',
    },
  },
  running: {
    summary: 'It runs',
    value: {
      status: 'Running',
      open_parents: 0,
      waiting_for: [],
      frees:
        'It runs since 2026-01-02T03:04:05.678901Z; it fails with a timeout at 2026-01-02T03:14:05.678901Z unless its client reports before',
    },
  },
};

const stats: BatchStatsDto = {
  batch_id: BATCH,
  total_tasks: 1,
  total_success: 0,
  total_failures: 0,
  total_expected: null,
  status_counts: {
    waiting: 0,
    pending: 0,
    claimed: 0,
    running: 1,
    success: 0,
    failure: 0,
    paused: 0,
    canceled: 0,
  },
  rerun_of: null,
  reruns: [],
};
const running: BasicTaskDto = {
  id: BUILD,
  name: 'Build',
  kind: 'ci',
  status: 'Running',
  created_at: '2026-01-02T03:04:05.600000Z',
  started_at: '2026-01-02T03:04:05.678901Z',
  success: 0,
  failures: 0,
  expected_count: null,
  ended_at: null,
  batch_id: BATCH,
  dead_end_barrier: false,
  priority: 0,
  attempt: 1,
  max_attempts: 1,
  rerun_of: null,
};
const ended: BasicTaskDto = { ...running, status: 'Success', ended_at: '2026-01-02T03:05:00.000000Z' };
const done: BatchStatsDto = { ...stats, status_counts: { ...stats.status_counts, running: 0, success: 1 } };

/** The data of the events of a batch, in their order. */
export const EVENT_DATA_EXAMPLES = [
  ['snapshot', { batch: stats, tasks: [running] }],
  ['tasks', { batch: done, tasks: [ended] }],
  ['end', { batch: done }],
] as const;

export const EVENTS_EXAMPLES: Examples<string> = {
  whole: {
    summary: 'From the snapshot to the end',
    value: EVENT_DATA_EXAMPLES.map(([event, data]) => {
      const id = event === 'end' ? 'id: end\n' : '';
      return `${id}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
    }).join(''),
  },
};

export const RETRIED_EXAMPLES: Examples<RetryDeliveriesResponseDto> = {
  retried: { summary: 'Three are due again', value: { retried: 3 } },
};

export const RERUN_PLAN_EXAMPLES: Examples<RerunPlanDto> = {
  plan: {
    summary: 'Two of three would run',
    value: {
      tasks: [
        { id: BUILD, name: 'Build', kind: 'ci', why: 'Failure: exit code 2' },
        { id: IMPORT, name: 'Deploy', kind: 'ci', why: `Failure: Required parent task ${BUILD} failed` },
      ],
      skipped: 1,
    },
  },
};
