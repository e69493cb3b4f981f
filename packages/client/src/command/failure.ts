import { CommanderError } from 'commander';
import { ArcRunError } from '../error.ts';
import { printable } from '../terminal/index.ts';
import { EXIT } from './exit-codes.ts';

/** Something that the person can mend: the message is one sentence. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

export function usageFailure(message: string): CommandFailure {
  return new CommandFailure(message, EXIT.usage);
}

/** Turns the 404 of a call about one thing into a sentence that names it. */
export async function about<T>(
  what: 'batch' | 'task' | 'delivery',
  id: string,
  call: Promise<T>,
): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof ArcRunError) || error.status !== 404) throw error;
    if (!isOurAnswer(error)) throw error;
    throw new CommandFailure(`There is no ${what} ${id}.`, EXIT.unknown);
  }
}

export interface Failure {
  sentence: string;
  exitCode: number;
  /** The HTTP status, when there was an answer that refused. */
  status: number | null;
  details: readonly string[];
}

/** What is told of an error: always one sentence, never a stack. */
export function describeFailure(error: unknown, url: string, hasToken: boolean): Failure {
  const plain = (message: string, exitCode: number): Failure => ({
    sentence: printable(asSentence(message)),
    exitCode,
    status: null,
    details: [],
  });
  if (error instanceof CommandFailure) return plain(error.message, error.exitCode);
  if (error instanceof CommanderError) return plain(parserMessage(error.message), EXIT.usage);
  if (error instanceof ArcRunError) return describeAnswer(error, url, hasToken);
  return plain(`arcrun failed: ${error instanceof Error ? error.message : String(error)}`, EXIT.away);
}

/** One sentence of the two that the parser makes, without the value, which may be long. */
function parserMessage(message: string): string {
  return message
    .replace(/^error: /, '')
    .replace(/^command-argument value '.*' is invalid for argument ('[^']*')\. (\S)/s, replaceBySentence)
    .replace(/^(option '[^']*') argument '.*' is invalid\. (\S)/s, replaceBySentence);
}

function replaceBySentence(_match: string, what: string, first: string): string {
  return `${what}: ${first.toLowerCase()}`;
}

const SHOWN_DETAILS = 5;

function describeAnswer(error: ArcRunError, url: string, hasToken: boolean): Failure {
  const { status, details } = error;
  const failure = (message: string, exitCode: number): Failure => ({
    sentence: printable(asSentence(message)),
    exitCode,
    status,
    details,
  });
  if (status === 0) {
    const why = /\((.*)\)$/.exec(error.message)?.[1] ?? error.message;
    return failure(
      `The server at ${url} does not answer (${why}): is it running, and is ARCRUN_URL right?`,
      EXIT.away,
    );
  }
  if (status === 401 || status === 403) {
    return failure(
      hasToken
        ? `The server at ${url} does not take this token: check ARCRUN_TOKEN`
        : `The server at ${url} asks for a token: set ARCRUN_TOKEN`,
      EXIT.token,
    );
  }
  if (!isOurAnswer(error)) {
    return failure(`${url} answered ${status}, but not as ArcRun does: is ARCRUN_URL right?`, EXIT.away);
  }
  const shown = details.slice(0, SHOWN_DETAILS).join('; ');
  const rest = details.length > SHOWN_DETAILS ? `; ${details.length - SHOWN_DETAILS} more` : '';
  const said = sentenceOf(error);
  const message = shown === '' ? said : `${said.replace(/\.$/, '')}: ${shown}${rest}`;
  return failure(message, status === 404 ? EXIT.unknown : status < 500 ? EXIT.refused : EXIT.away);
}

/** An error of ArcRun has a sentence; that of a proxy or of another server has not. */
function isOurAnswer(error: ArcRunError): boolean {
  return sentenceOf(error) !== '';
}

function sentenceOf({ body }: ArcRunError): string {
  if (typeof body !== 'object' || body === null || !('error' in body)) return '';
  return typeof body.error === 'string' ? body.error : '';
}

/** On one line, with an end, and a capital unless it begins with a file or an address. */
function asSentence(message: string): string {
  const line = message.trim().replaceAll(/\s*\n\s*/g, ' ');
  const start = /^[a-z-]+ /.test(line) ? line.slice(0, 1).toUpperCase() : line.slice(0, 1);
  return `${start}${line.slice(1)}${/[.?!)]$/.test(line) ? '' : '.'}`;
}
