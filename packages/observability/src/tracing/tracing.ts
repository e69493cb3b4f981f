/** The text of the header `traceparent` (W3C Trace Context): one span of one trace. */
export type Traceparent = string;

export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

export interface SpanStart {
  readonly name: string;
  readonly kind: 'server' | 'client' | 'internal';
  /** The span that caused it. Left out, it is the one that is under way; null begins a trace. */
  readonly parent?: Traceparent | null;
  /** Spans, of other traces too, that have to do with it. */
  readonly links?: readonly Traceparent[];
  readonly attributes?: SpanAttributes;
  /** When it began, in ms since 1970; left out, now. */
  readonly beganMs?: number;
  /** Its id, where others work it out by themselves. */
  readonly spanId?: string;
}

/** A span that has not ended. */
export interface OpenSpan {
  readonly traceparent: Traceparent;
  rename(name: string): void;
  set(attributes: SpanAttributes): void;
  link(to: Traceparent): void;
  fail(reason: string): void;
  /** @param endedMs when it ended, in ms since 1970; left out, now */
  end(endedMs?: number): void;
}

/** Traces of what a process does. There is none while tracing is off. */
export interface Tracing {
  start(span: SpanStart): OpenSpan;
  /** Runs with the span under way: what is begun in it is caused by it, and log lines name it. */
  within<T>(span: OpenSpan, run: () => T): T;
  /** The span that is under way, recorded or not. */
  current(): OpenSpan | undefined;
  /** The fields that log lines carry. */
  logFields(): { readonly trace_id: string; readonly span_id: string } | undefined;
  /** Sends what is left, and gives up after the limit: the collector may be away. */
  close(limitMs: number): Promise<void>;
}

interface TracingSettings {
  readonly TRACING_ENABLED: boolean;
  readonly OTEL_EXPORTER_OTLP_ENDPOINT: string;
  readonly OTEL_SERVICE_NAME: string;
  readonly OTEL_SAMPLING_RATIO: number;
}

export interface TracingOptions {
  readonly settings: TracingSettings;
  /** Of the process: api, worker. */
  readonly role: string;
  readonly onError: (error: unknown) => void;
}

/** Begins to trace, when that is on. OpenTelemetry is loaded here and nowhere else: it takes long. */
export async function startTracing(options: TracingOptions): Promise<Tracing | undefined> {
  if (!options.settings.TRACING_ENABLED) return undefined;
  const { OpenTelemetryTracing } = await import('./open-telemetry.ts');
  return new OpenTelemetryTracing(options);
}
