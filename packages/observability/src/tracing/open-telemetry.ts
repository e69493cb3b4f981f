import { setTimeout as delay } from 'node:timers/promises';
import {
  context,
  type Context,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Tracer,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { parseTraceParent, setGlobalErrorHandler, W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  type IdGenerator,
  ParentBasedSampler,
  RandomIdGenerator,
  type Sampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { OpenSpan, SpanAttributes, SpanStart, Traceparent, Tracing, TracingOptions } from './tracing.ts';

const EXPORT_DELAY_MS = 1000;
/** What waits for the collector; what comes beyond is dropped. */
const WAITING_SPANS_MAX = 8192;

const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL } as const;

/** Traces over OTLP, with OpenTelemetry's SDK. Its globals are set too, since BullMQ's spans come through them. */
export class OpenTelemetryTracing implements Tracing {
  readonly #provider: TracerProvider;
  readonly #tracer: Tracer;
  readonly #ids = new GivenIds();

  constructor({ settings, role, onError }: TracingOptions) {
    setGlobalErrorHandler(onError);
    const exporter = new OTLPTraceExporter({ url: `${settings.OTEL_EXPORTER_OTLP_ENDPOINT}/v1/traces` });
    this.#provider = new TracerProvider({
      // OTEL_RESOURCE_ATTRIBUTES says more of the process; the name is a setting of ours.
      resource: detectResources({ detectors: [envDetector] }).merge(
        resourceFromAttributes({ 'service.name': settings.OTEL_SERVICE_NAME, 'arcrun.role': role }),
      ),
      idGenerator: this.#ids,
      sampler: new ParentBasedSampler({ root: new RequestSampler(settings.OTEL_SAMPLING_RATIO) }),
      spanProcessors: [
        new BatchSpanProcessor({
          exporter,
          scheduledDelayMillis: EXPORT_DELAY_MS,
          maxQueueSize: WAITING_SPANS_MAX,
        }),
      ],
    });
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    trace.setGlobalTracerProvider(this.#provider);
    this.#tracer = this.#provider.getTracer('arcrun');
  }

  start({ name, kind, parent, links = [], attributes = {}, beganMs, spanId }: SpanStart): OpenSpan {
    this.#ids.give(spanId);
    const span = this.#tracer.startSpan(
      name,
      {
        kind: KINDS[kind],
        attributes: { ...attributes },
        links: links.flatMap((link) => toLinks(link)),
        ...(beganMs !== undefined && { startTime: beganMs }),
      },
      contextOf(parent),
    );
    this.#ids.give(undefined);
    return new OpenTelemetrySpan(span);
  }

  within<T>(span: OpenSpan, run: () => T): T {
    return context.with(trace.setSpan(ROOT_CONTEXT, (span as OpenTelemetrySpan).span), run);
  }

  current(): OpenSpan | undefined {
    const span = trace.getActiveSpan();
    return span !== undefined && isSpanContextValid(span.spanContext())
      ? new OpenTelemetrySpan(span)
      : undefined;
  }

  logFields(): { trace_id: string; span_id: string } | undefined {
    const of = trace.getActiveSpan()?.spanContext();
    if (of === undefined || !isSpanContextValid(of)) return undefined;
    return { trace_id: of.traceId, span_id: of.spanId };
  }

  async close(limitMs: number): Promise<void> {
    const over = new AbortController();
    const limit = delay(limitMs, undefined, { signal: over.signal }).catch(() => undefined);
    await Promise.race([this.#provider.shutdown().catch(() => undefined), limit]);
    over.abort();
  }
}

class OpenTelemetrySpan implements OpenSpan {
  readonly span: Span;

  constructor(span: Span) {
    this.span = span;
  }

  get traceparent(): Traceparent {
    const { traceId, spanId, traceFlags } = this.span.spanContext();
    return `00-${traceId}-${spanId}-${(traceFlags & TraceFlags.SAMPLED).toString(16).padStart(2, '0')}`;
  }

  rename(name: string): void {
    this.span.updateName(name);
  }

  set(attributes: SpanAttributes): void {
    this.span.setAttributes({ ...attributes });
  }

  link(to: Traceparent): void {
    this.span.addLinks(toLinks(to));
  }

  fail(reason: string): void {
    this.span.setStatus({ code: SpanStatusCode.ERROR, message: reason });
  }

  end(endedMs?: number): void {
    this.span.end(endedMs);
  }
}

/**
 * Decides on traces that begin here. Only calls of the API begin one: rounds of a worker that nobody rang for would
 * be a trace each, of no use to anybody.
 */
class RequestSampler implements Sampler {
  readonly #ratio: TraceIdRatioBasedSampler;

  constructor(ratio: number) {
    this.#ratio = new TraceIdRatioBasedSampler(ratio);
  }

  shouldSample(...[of, traceId, , kind]: Parameters<Sampler['shouldSample']>) {
    if (kind !== SpanKind.SERVER) return { decision: SamplingDecision.NOT_RECORD };
    return this.#ratio.shouldSample(of, traceId);
  }

  toString(): string {
    return `RequestSampler{${this.#ratio.toString()}}`;
  }
}

/** Random ids, but for a span whose id is given. */
class GivenIds implements IdGenerator {
  readonly #random = new RandomIdGenerator();
  #given: string | undefined;

  give(spanId: string | undefined): void {
    this.#given = spanId;
  }

  generateTraceId(): string {
    return this.#random.generateTraceId();
  }

  generateSpanId(): string {
    return this.#given ?? this.#random.generateSpanId();
  }
}

function contextOf(parent: Traceparent | null | undefined): Context {
  if (parent === undefined) return context.active();
  const of = parent === null ? null : parse(parent);
  return of === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, of);
}

function toLinks(link: Traceparent): { context: SpanContext }[] {
  const of = parse(link);
  return of === null ? [] : [{ context: of }];
}

function parse(text: Traceparent): SpanContext | null {
  const of = parseTraceParent(text);
  return of !== null && isSpanContextValid(of) ? { ...of, isRemote: true } : null;
}
