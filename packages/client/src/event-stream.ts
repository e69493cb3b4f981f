/** One event of a stream of Server-Sent Events. */
export interface ServerSentEvent {
  type: string;
  data: string;
}

const LINE_END = /\r\n|\n|\r/;

/**
 * The events of a body, until it ends. Comments are told to `onLife` like everything that arrives.
 * An event that the end of the body cuts off is left out, as the standard asks.
 */
export async function* readEventStream(
  body: ReadableStream<Uint8Array>,
  onLife: () => void,
): AsyncGenerator<ServerSentEvent, void> {
  const decoder = new TextDecoder();
  let rest = '';
  let type = '';
  let data: string[] = [];
  for await (const chunk of body) {
    onLife();
    rest += decoder.decode(chunk, { stream: true });
    // A \r at the end may be the first half of a \r\n.
    const complete = rest.endsWith('\r') ? rest.slice(0, -1) : rest;
    const lines = complete.split(LINE_END);
    rest = (lines.pop() ?? '') + rest.slice(complete.length);
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) yield { type: type || 'message', data: data.join('\n') };
        type = '';
        data = [];
        continue;
      }
      const colon = line.indexOf(':');
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (field === 'event') type = value;
      else if (field === 'data') data.push(value);
    }
  }
}
