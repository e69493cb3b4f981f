import { task, webhook } from '@arcrun/client';
import type { NewBatch, NewTask } from '@arcrun/client';

/** One task of the demo, and how it must end. */
export interface Step {
  id: string;
  stage: string;
  seconds: number;
  /** Parents that must succeed. */
  needs?: readonly string[];
  /** Parents that only have to end. */
  after?: readonly string[];
  /** Progress reports on the way. */
  reports?: number;
  /** The work fails on purpose, with this reason. */
  fails?: string;
  /** Fails without being called, since a parent that it needs fails. */
  cascades?: true;
  /** Its end sends a notification. */
  notifies?: true;
}

export const STEPS: readonly Step[] = [
  { id: 'checkout', stage: 'Source', seconds: 0.6 },
  { id: 'dependencies', stage: 'Install', seconds: 1.3, needs: ['checkout'] },
  { id: 'lint', stage: 'Verify', seconds: 0.9, needs: ['dependencies'] },
  { id: 'typecheck', stage: 'Verify', seconds: 1.4, needs: ['dependencies'] },
  { id: 'unit-tests-1', stage: 'Verify', seconds: 1.9, needs: ['dependencies'], reports: 24 },
  { id: 'unit-tests-2', stage: 'Verify', seconds: 2.4, needs: ['dependencies'], reports: 31 },
  { id: 'unit-tests-3', stage: 'Verify', seconds: 1.6, needs: ['dependencies'], reports: 19 },
  { id: 'unit-tests-4', stage: 'Verify', seconds: 2.1, needs: ['dependencies'], reports: 27 },
  {
    id: 'security-scan',
    stage: 'Verify',
    seconds: 1.2,
    needs: ['dependencies'],
    fails: '1 advisory of severity moderate: the scan is optional here',
    notifies: true,
  },
  { id: 'image-amd64', stage: 'Build', seconds: 2.2, needs: ['dependencies'], reports: 12 },
  { id: 'image-arm64', stage: 'Build', seconds: 2.9, needs: ['dependencies'], reports: 12 },
  {
    id: 'test-report',
    stage: 'Package',
    seconds: 0.5,
    needs: ['unit-tests-1', 'unit-tests-2', 'unit-tests-3', 'unit-tests-4'],
  },
  {
    id: 'scan-badge',
    stage: 'Package',
    seconds: 0.4,
    needs: ['security-scan'],
    cascades: true,
    notifies: true,
  },
  { id: 'release-notes', stage: 'Package', seconds: 0.8, needs: ['test-report'], after: ['security-scan'] },
  {
    id: 'publish-images',
    stage: 'Package',
    seconds: 0.9,
    needs: ['lint', 'typecheck', 'test-report', 'image-amd64', 'image-arm64'],
  },
  { id: 'deploy-staging', stage: 'Staging', seconds: 1.0, needs: ['publish-images'] },
  { id: 'smoke-api', stage: 'Staging', seconds: 0.8, needs: ['deploy-staging'], reports: 8 },
  { id: 'smoke-web', stage: 'Staging', seconds: 1.1, needs: ['deploy-staging'], reports: 14 },
  { id: 'deploy-canary', stage: 'Canary', seconds: 0.8, needs: ['smoke-api', 'smoke-web'] },
  { id: 'watch-canary', stage: 'Canary', seconds: 1.5, needs: ['deploy-canary'], reports: 10 },
  { id: 'deploy-eu', stage: 'Production', seconds: 1.0, needs: ['watch-canary'], notifies: true },
  { id: 'deploy-us', stage: 'Production', seconds: 1.3, needs: ['watch-canary'], notifies: true },
  { id: 'announce', stage: 'Announce', seconds: 0.3, needs: ['deploy-eu', 'deploy-us', 'release-notes'] },
];

export function expectedEnd(step: Step): 'Success' | 'Failure' {
  return step.fails !== undefined || step.cascades ? 'Failure' : 'Success';
}

export interface PipelineOptions {
  receiverUrl: string;
  /** Marks the calls of this run at the receiver. */
  run: string;
  /** Times are divided by it. */
  timeScale: number;
}

/** The batch to post; its tasks stand in the order of `STEPS`. */
export function pipelineBatch(options: PipelineOptions): NewBatch {
  const base = options.receiverUrl.replace(/\/+$/, '');
  return {
    tasks: STEPS.map((step) => stepTask(step, base, options)),
    on_batch_complete: [webhook(`${base}/notify?run=${options.run}`)],
    scope: 'demo',
    metadata: { pipeline: 'web-shop', branch: 'main' },
  };
}

function stepTask(step: Step, base: string, { run, timeScale }: PipelineOptions): NewTask {
  const notification = [webhook(`${base}/notify?run=${run}`, { body: { step: step.id } })];
  const work = {
    duration_ms: Math.round((step.seconds * 1000) / timeScale),
    outcome: step.fails === undefined ? 'Success' : 'Failure',
    local_id: step.id,
    ...(step.reports === undefined ? {} : { progress: step.reports }),
    ...(step.fails === undefined ? {} : { failure_reason: step.fails }),
  };
  return task({
    id: step.id,
    kind: step.stage.toLowerCase(),
    on_start: webhook(`${base}/work?run=${run}`, { body: work }),
    dependencies: [
      ...(step.needs ?? []),
      ...(step.after ?? []).map((id) => ({ id, requires_success: false })),
    ],
    metadata: { pipeline: 'web-shop', stage: step.stage },
    ...(step.reports === undefined ? {} : { expected_count: step.reports }),
    ...(step.notifies ? { on_success: notification, on_failure: notification } : {}),
  });
}
