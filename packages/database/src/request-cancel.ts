import { connect } from 'node:net';
import type pg from 'pg';

/** What the driver keeps of a connection for this purpose, though its types do not say so. */
interface Cancelable {
  readonly host: string;
  readonly port: number;
  readonly processID: number | null;
  readonly secretKey: number | null;
}

/** https://www.postgresql.org/docs/current/protocol-message-formats.html, CancelRequest */
const CANCEL_REQUEST = 80_877_102;

/**
 * Asks Postgres to cancel the statement of a connection, as the protocol has it: over another one, without an answer. A
 * pooler passes it on. Does nothing when the server cannot be reached.
 *
 * @param limitMs after which the attempt is given up
 */
export function requestCancel(client: pg.ClientBase, limitMs: number): void {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see Cancelable
  const { host, port, processID, secretKey } = client as unknown as Cancelable;
  if (processID === null || secretKey === null) return;
  const message = Buffer.alloc(16);
  for (const [index, value] of [message.length, CANCEL_REQUEST, processID, secretKey].entries())
    message.writeInt32BE(value, index * 4);
  const socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
  socket.on('error', () => undefined);
  socket.setTimeout(limitMs, () => socket.destroy());
  socket.unref();
  socket.end(message);
}
