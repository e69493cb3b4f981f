import type { ArcRunClient } from '../api.ts';

/** What the command has to do with the world. */
export interface Surroundings {
  env: NodeJS.ProcessEnv;
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  signal: AbortSignal;
}

/** One call of the command: what its subcommands work with. */
export interface Session extends Surroundings {
  client: ArcRunClient;
  /** Output is for programs. */
  json: boolean;
  /** A line to stdout. */
  say: (line: string) => void;
  /** The JSON of `value` for programs, else the lines for people. */
  show(value: unknown, lines: () => readonly string[]): void;
}

/** What each subcommand does; gives the exit code. */
export type Run = (session: Session) => Promise<number>;
