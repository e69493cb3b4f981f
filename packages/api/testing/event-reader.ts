import { get, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';

export interface ReceivedEvent {
  readonly event: string;
  readonly id: string | undefined;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into whatever was sent
  readonly data: any;
  readonly atMs: number;
}

/** A client of Server-Sent Events, which can also be slow. */
export interface EventReader {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** All that has come so far. */
  readonly received: readonly ReceivedEvent[];
  /** The next event; null when the stream has ended. */
  next(): Promise<ReceivedEvent | null>;
  /** What is left until the stream ends. */
  rest(): Promise<ReceivedEvent[]>;
  /** Takes nothing more from the connection. */
  pause(): void;
  resume(): void;
  close(): void;
}

export async function openEvents(url: string, headers: Record<string, string> = {}): Promise<EventReader> {
  const request = get(url, { headers, agent: false });
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve).once('error', reject);
  });
  const received: ReceivedEvent[] = [];
  let cursor = 0;
  const state = { hasEnded: false };
  let wake = (): void => undefined;
  let text = '';
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => {
    text += chunk;
    const blocks = text.split('\n\n');
    text = blocks.pop()!;
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map((line) => line.split(/: ?(.*)/s, 2) as [string, string]));
      const event = fields.get('event');
      if (event === undefined) continue;
      const data: unknown = JSON.parse(fields.get('data')!);
      received.push({ event, id: fields.get('id'), data, atMs: performance.now() });
    }
    wake();
  });
  const end = () => {
    state.hasEnded = true;
    wake();
  };
  response.on('close', end).on('error', end);
  request.on('error', end);

  const next = async (): Promise<ReceivedEvent | null> => {
    while (cursor === received.length && !state.hasEnded) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return received[cursor++] ?? null;
  };
  return {
    status: response.statusCode!,
    headers: response.headers,
    received,
    next,
    rest: async () => {
      const events: ReceivedEvent[] = [];
      for (let event = await next(); event !== null; event = await next()) events.push(event);
      return events;
    },
    pause: () => void response.pause(),
    resume: () => void response.resume(),
    close: () => void request.destroy(),
  };
}
