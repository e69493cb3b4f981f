import { Agent, request } from 'node:http';
import { clockMs } from '../measure/clock.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly url: string;
  /** JSON text. */
  readonly body?: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly batchId: string | null;
  readonly body: string;
  /** When it was asked to send (it waits while all connections are busy), and when the whole answer was there. */
  readonly sentMs: number;
  readonly answeredMs: number;
}

/** Sends requests by the plainest means of Node over connections that are kept: it costs little beside the API. */
export class KeepAliveClient {
  readonly #agent: Agent;

  constructor(maxConnections: number) {
    this.#agent = new Agent({ keepAlive: true, maxSockets: maxConnections });
  }

  send({ method, url, body }: HttpRequest): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const sentMs = clockMs();
      const headers =
        body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const call = request(url, { method, agent: this.#agent, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const batchId = response.headers['x-batch-id'];
          resolve({
            status: response.statusCode ?? 0,
            batchId: typeof batchId === 'string' ? batchId : null,
            body: Buffer.concat(chunks).toString('utf8'),
            sentMs,
            answeredMs: clockMs(),
          });
        });
      });
      call.on('error', reject);
      call.end(body);
    });
  }
}
