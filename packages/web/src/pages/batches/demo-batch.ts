interface Step {
  readonly id: string;
  readonly kind: string;
  readonly seconds: number;
  readonly needs?: readonly string[];
  /** Parents that only have to end. */
  readonly after?: readonly string[];
  readonly reports?: number;
  readonly fails?: string;
}

const STEPS: readonly Step[] = [
  { id: 'checkout', kind: 'source', seconds: 1 },
  { id: 'unit-tests', kind: 'verify', seconds: 6, needs: ['checkout'], reports: 40 },
  { id: 'lint', kind: 'verify', seconds: 3, needs: ['checkout'] },
  {
    id: 'security-scan',
    kind: 'verify',
    seconds: 4,
    needs: ['checkout'],
    fails: 'One advisory; the scan is optional',
  },
  { id: 'image-amd64', kind: 'build', seconds: 5, needs: ['checkout'], reports: 12 },
  { id: 'image-arm64', kind: 'build', seconds: 7, needs: ['checkout'], reports: 12 },
  { id: 'release-notes', kind: 'package', seconds: 2, needs: ['unit-tests'], after: ['security-scan'] },
  {
    id: 'publish',
    kind: 'package',
    seconds: 2,
    needs: ['unit-tests', 'lint', 'image-amd64', 'image-arm64'],
  },
  { id: 'deploy-eu', kind: 'deploy', seconds: 3, needs: ['publish'] },
  { id: 'deploy-us', kind: 'deploy', seconds: 4, needs: ['publish'] },
  { id: 'announce', kind: 'deploy', seconds: 1, needs: ['deploy-eu', 'deploy-us', 'release-notes'] },
];

/** Where the sample receiver of `npm start` takes work, on the machine of whoever tries it out. */
export const SAMPLE_RECEIVER = 'http://127.0.0.1:8090/work';

/**
 * A release pipeline, as the body of `POST /task`.
 *
 * @param receiver is told by each call how long the work takes; it reports progress and the end on the handle
 */
export function demoBatch(receiver: string): object {
  return {
    scope: 'demo',
    metadata: { pipeline: 'web-shop', branch: 'main' },
    tasks: STEPS.map(({ id, kind, seconds, needs = [], after = [], reports, fails }) => ({
      id,
      name: id,
      kind,
      metadata: { pipeline: 'web-shop' },
      on_start: {
        kind: 'Webhook',
        params: {
          url: receiver,
          verb: 'Post',
          body: {
            local_id: id,
            duration_ms: seconds * 1000,
            outcome: fails === undefined ? 'Success' : 'Failure',
            ...(fails === undefined ? {} : { failure_reason: fails }),
            ...(reports === undefined ? {} : { progress: reports }),
          },
        },
      },
      dependencies: [
        ...needs.map((parent) => ({ id: parent, requires_success: true })),
        ...after.map((parent) => ({ id: parent, requires_success: false })),
      ],
      ...(reports === undefined ? {} : { expected_count: reports }),
      // At most two of them at once.
      ...(kind === 'verify'
        ? {
            rules: [
              {
                type: 'Concurency',
                max_concurency: 2,
                matcher: { status: 'Running', kind, fields: ['pipeline'] },
              },
            ],
          }
        : {}),
    })),
  };
}
