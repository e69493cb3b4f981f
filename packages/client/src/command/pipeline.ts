import { task, webhook } from '../builders.ts';
import type { Json, NewBatch } from '../types.ts';

interface Step {
  id: string;
  kind: string;
  seconds: number;
  needs?: readonly string[];
  /** Progress reports on the way. */
  reports?: number;
}

const STEPS: readonly Step[] = [
  { id: 'checkout', kind: 'source', seconds: 1 },
  { id: 'install', kind: 'source', seconds: 2, needs: ['checkout'] },
  { id: 'lint', kind: 'verify', seconds: 1.5, needs: ['install'] },
  { id: 'unit-tests', kind: 'verify', seconds: 3, needs: ['install'], reports: 40 },
  { id: 'integration-tests', kind: 'verify', seconds: 4, needs: ['install'], reports: 16 },
  { id: 'build-amd64', kind: 'build', seconds: 2.5, needs: ['install'], reports: 10 },
  { id: 'build-arm64', kind: 'build', seconds: 3.5, needs: ['install'], reports: 10 },
  {
    id: 'publish',
    kind: 'release',
    seconds: 1,
    needs: ['lint', 'unit-tests', 'integration-tests', 'build-amd64', 'build-arm64'],
  },
  { id: 'deploy-staging', kind: 'deploy', seconds: 1.5, needs: ['publish'] },
  { id: 'smoke-tests', kind: 'verify', seconds: 1.5, needs: ['deploy-staging'], reports: 8 },
  { id: 'deploy-production', kind: 'deploy', seconds: 2, needs: ['smoke-tests'] },
];

export const PIPELINE_STEPS: readonly string[] = STEPS.map(({ id }) => id);

export interface PipelineOptions {
  receiverUrl: string;
  /** The step that fails. */
  fail?: string | undefined;
  /** Times are divided by it. */
  speed: number;
}

/** A CI/CD pipeline whose work the sample receiver does by letting time pass. */
export function pipelineBatch({ receiverUrl, fail, speed }: PipelineOptions): NewBatch {
  return {
    scope: 'ci',
    metadata: { pipeline: 'web-shop', branch: 'main' },
    tasks: STEPS.map((step) =>
      task({
        id: step.id,
        kind: step.kind,
        on_start: webhook(`${receiverUrl}/work`, {
          body: workOrder({ ...step, seconds: step.seconds / speed, fails: step.id === fail }),
        }),
        dependencies: step.needs ?? [],
        metadata: { pipeline: 'web-shop' },
        ...(step.reports === undefined ? {} : { expected_count: step.reports }),
      }),
    ),
  };
}

/** What the sample receiver takes at `/work`. */
export function workOrder(work: { id: string; seconds: number; reports?: number; fails?: boolean }): Json {
  return {
    local_id: work.id,
    duration_ms: Math.round(work.seconds * 1000),
    progress: work.reports ?? 0,
    ...(work.fails
      ? { outcome: 'Failure', failure_reason: `${work.id} was asked to fail` }
      : { outcome: 'Success' }),
  };
}
