import type pg from 'pg';
import { toBindMessage } from './bind-message.ts';
import { inSlices } from './in-slices.ts';

/** A statement that takes texts, or their bytes, and gives one row of one text. */
export interface Statement {
  readonly text: string;
  readonly values: readonly (string | Uint8Array | null)[];
}

/**
 * Runs a statement as a transaction of its own, and asks for its commit only when its row is here: what the row tells
 * is known whatever becomes of the commit. So it takes two round trips where BEGIN and COMMIT take three, and its
 * errors leave nothing to roll back.
 *
 * @param onRow gets the row's text before the commit is asked for
 */
export function runOwnTransaction(
  client: pg.PoolClient,
  statement: Statement,
  onRow: (text: string) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    client.query(new OwnTransaction(statement, { onRow, onCommit: resolve, onError: reject }));
  });
}

interface Callbacks {
  readonly onRow: (text: string) => void;
  readonly onCommit: () => void;
  readonly onError: (error: Error) => void;
}

/** In the extended protocol a statement without BEGIN is committed by Sync, which the driver itself sends at once. */
class OwnTransaction implements pg.Submittable {
  readonly #statement: Statement;
  readonly #callbacks: Callbacks;
  #isSynced = false;
  /** Whether the whole of Bind is on its way. */
  #isBound = false;
  #hasFailed = false;

  constructor(statement: Statement, callbacks: Callbacks) {
    this.#statement = statement;
    this.#callbacks = callbacks;
  }

  submit(connection: pg.Connection): void {
    const { text, values } = this.#statement;
    const [first, ...others] = toBindMessage(values);
    connection.stream.cork();
    connection.parse({ name: '', text, types: [] }, true);
    connection.stream.write(first!);
    this.#isBound = others.length === 0;
    if (this.#isBound) this.#execute(connection);
    connection.stream.uncork();
    if (others.length > 0) void this.#finishBind(connection, others);
  }

  /** Nobody else writes to the connection meanwhile: the driver waits for what answers Sync. */
  async #finishBind(connection: pg.Connection, parts: readonly Uint8Array[]): Promise<void> {
    const { stream } = connection;
    for (const part of parts)
      for await (const slice of inSlices(part))
        // Also called when the connection is lost, which handleError hears of.
        await new Promise((resolve) => stream.write(slice, resolve));
    if (stream.destroyed) return;
    this.#isBound = true;
    if (this.#hasFailed) this.#sync(connection);
    else this.#execute(connection);
  }

  #execute(connection: pg.Connection): void {
    connection.execute({}, true);
    connection.flush();
  }

  handleDataRow({ fields }: { readonly fields: readonly [string] }): void {
    this.#callbacks.onRow(fields[0]);
  }

  handleCommandComplete(_message: unknown, connection: pg.Connection): void {
    this.#sync(connection);
  }

  handleReadyForQuery(): void {
    this.#callbacks.onCommit();
  }

  /** Of the statement, of its commit, or of the connection. */
  handleError(error: Error, connection: pg.Connection): void {
    this.#hasFailed = true;
    // In the middle of Bind it would be read as a part of that.
    if (this.#isBound) this.#sync(connection);
    this.#callbacks.onError(error);
  }

  /** Behind an error of the statement too, since the server waits for it; once, since each is answered. */
  #sync(connection: pg.Connection): void {
    if (this.#isSynced) return;
    this.#isSynced = true;
    connection.sync();
  }
}
