import { Writable } from 'node:stream';

/** Something to write to that looks like a terminal, or like a file, and keeps what was written. */
export class FakeTerminal extends Writable {
  readonly isTTY: boolean;
  columns: number;
  rows: number;
  text = '';

  constructor(options: { isTTY: boolean; columns?: number; rows?: number }) {
    super();
    this.isTTY = options.isTTY;
    this.columns = options.columns ?? 100;
    this.rows = options.rows ?? 40;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }

  /** For functions that take the stream of a process. */
  asStream(): NodeJS.WriteStream {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only the members above are used
    return this as unknown as NodeJS.WriteStream;
  }
}
