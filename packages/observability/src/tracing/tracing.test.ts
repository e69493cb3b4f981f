import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OpenTelemetryTracing } from './open-telemetry.ts';
import { startTracing, type Tracing } from './tracing.ts';

const TRACE = 'a'.repeat(32);
const SPAN = 'b'.repeat(16);

/** The address of nobody. */
async function deadEndpoint(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${port}`;
}

let endpoint: string;
beforeAll(async () => {
  endpoint = await deadEndpoint();
});

const open = (ratio: number): Tracing =>
  new OpenTelemetryTracing({
    settings: {
      TRACING_ENABLED: true,
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_SERVICE_NAME: 'test',
      OTEL_SAMPLING_RATIO: ratio,
    },
    role: 'api',
    onError: () => undefined,
  });

const isRecorded = (traceparent: string) => traceparent.endsWith('-01');
const serverSpan = { name: 's', kind: 'server', parent: null } as const;

// proves: traces/off
test('there is no tracing while it is off', async () => {
  const settings = {
    TRACING_ENABLED: false,
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_SERVICE_NAME: 'test',
    OTEL_SAMPLING_RATIO: 1,
  };
  expect(await startTracing({ settings, role: 'api', onError: () => undefined })).toBeUndefined();
});

// proves: traces/ratio
test.each<[ratio: number, least: number, most: number]>([
  [0, 0, 0],
  [0.25, 150, 350],
  [1, 1000, 1000],
])('with a ratio of %d as many traces are recorded', (ratio, least, most) => {
  const tracing = open(ratio);
  const recorded = Array.from({ length: 1000 }, () => tracing.start(serverSpan).traceparent).filter(
    isRecorded,
  );
  expect(recorded.length).toBeGreaterThanOrEqual(least);
  expect(recorded.length).toBeLessThanOrEqual(most);
});

describe('a span', () => {
  let tracing: Tracing;
  beforeAll(() => {
    tracing = open(1);
  });
  afterAll(() => tracing.close(100));

  test('goes on in the trace of its parent, recorded or not as that is', () => {
    for (const flags of ['00', '01']) {
      const { traceparent } = open(1 - Number(flags)).start({
        ...serverSpan,
        parent: `00-${TRACE}-${SPAN}-${flags}`,
      });
      expect(traceparent).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-${flags}$`));
      expect(traceparent).not.toContain(SPAN);
    }
  });

  test.each([
    '',
    'nonsense',
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `ff-${TRACE}-${SPAN}-01`,
  ])('that comes with %j begins a trace', (parent) => {
    const { traceparent } = tracing.start({ ...serverSpan, parent });
    expect(traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(traceparent).not.toContain(TRACE);
  });

  test('that nobody caused is recorded only when it is a call of the API', () => {
    expect(isRecorded(tracing.start(serverSpan).traceparent)).toBe(true);
    for (const kind of ['client', 'internal'] as const)
      expect(isRecorded(tracing.start({ ...serverSpan, kind }).traceparent)).toBe(false);
  });

  test('has the id that it is given, and the next one has its own', () => {
    const spanId = 'c'.repeat(16);
    expect(tracing.start({ ...serverSpan, spanId }).traceparent).toContain(`-${spanId}-`);
    expect(tracing.start(serverSpan).traceparent).not.toContain(spanId);
  });

  test('is the cause of what is begun in it, later too, and of nothing else', async () => {
    const outer = tracing.start(serverSpan);
    const inner = await tracing.within(outer, async () => {
      await Promise.resolve();
      expect(tracing.logFields()).toEqual({
        trace_id: outer.traceparent.split('-')[1],
        span_id: outer.traceparent.split('-')[2],
      });
      return tracing.start({ name: 'i', kind: 'internal' }).traceparent;
    });
    expect(inner.split('-')[1]).toBe(outer.traceparent.split('-')[1]);
    expect(tracing.current()).toBeUndefined();
    expect(tracing.logFields()).toBeUndefined();
  });
});

// proves: traces/collector-away
test('a stop waits no longer than the limit for a collector that is away', async () => {
  const tracing = open(1);
  tracing.start(serverSpan).end();
  const beganMs = performance.now();
  await tracing.close(300);
  expect(performance.now() - beganMs).toBeLessThan(5000);
});
