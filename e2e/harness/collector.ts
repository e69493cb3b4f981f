import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { ProtobufMessage } from './protobuf.ts';

/** A span as it was exported. */
export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Undefined when it begins the trace. */
  readonly parentId: string | undefined;
  readonly name: string;
  readonly kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  readonly beganMs: number;
  readonly endedMs: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly isError: boolean;
  /** Of the process that it comes from. */
  readonly resource: Readonly<Record<string, string | number | boolean>>;
}

/** Takes in traces as a collector does: OTLP over HTTP, in protobuf. */
export interface Collector {
  readonly url: string;
  readonly spans: readonly CollectedSpan[];
  /** Of the last export. */
  readonly headers: IncomingHttpHeaders;
  close(): Promise<void>;
}

const KINDS = ['internal', 'internal', 'server', 'client', 'producer', 'consumer'] as const;
const ERROR = 2n;

export async function startCollector(): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  let headers: IncomingHttpHeaders = {};
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      if (request.url !== '/v1/traces' || request.headers['content-type'] !== 'application/x-protobuf') {
        response.writeHead(404).end();
        return;
      }
      headers = request.headers;
      spans.push(...readSpans(request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body));
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    get headers() {
      return headers;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function readSpans(body: Buffer): CollectedSpan[] {
  return new ProtobufMessage(body).messages(1).flatMap((ofResource) => {
    const resource = readAttributes(ofResource.messages(1)[0]?.messages(1) ?? []);
    return ofResource
      .messages(2)
      .flatMap((ofScope) => ofScope.messages(2).map((span) => readSpan(span, resource)));
  });
}

function readSpan(span: ProtobufMessage, resource: CollectedSpan['resource']): CollectedSpan {
  const parent = span.bytes(4);
  return {
    traceId: span.bytes(1)!.toString('hex'),
    spanId: span.bytes(2)!.toString('hex'),
    parentId: parent === undefined || parent.length === 0 ? undefined : parent.toString('hex'),
    name: span.text(5)!,
    kind: KINDS[Number(span.number(6) ?? 0n)]!,
    beganMs: Number(span.number(7)!) / 1e6,
    endedMs: Number(span.number(8)!) / 1e6,
    attributes: readAttributes(span.messages(9)),
    links: span.messages(13).map((link) => ({
      traceId: link.bytes(1)!.toString('hex'),
      spanId: link.bytes(2)!.toString('hex'),
    })),
    isError: span.messages(15)[0]?.number(3) === ERROR,
    resource,
  };
}

function readAttributes(
  pairs: readonly ProtobufMessage[],
): Readonly<Record<string, string | number | boolean>> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [value] = pair.messages(2);
      return [pair.text(1)!, readValue(value!)];
    }),
  );
}

function readValue(value: ProtobufMessage): string | number | boolean {
  const text = value.text(1);
  if (text !== undefined) return text;
  const flag = value.number(2);
  if (flag !== undefined) return flag === 1n;
  return Number(value.number(3) ?? 0n);
}
