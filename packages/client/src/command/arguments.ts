import { readFile } from 'node:fs/promises';
import { Argument, InvalidArgumentError } from 'commander';
import type { Json, StatusKind } from '../types.ts';
import { usageFailure } from './failure.ts';

export const STATUSES: readonly StatusKind[] = [
  'Waiting',
  'Pending',
  'Claimed',
  'Running',
  'Success',
  'Failure',
  'Canceled',
  'Paused',
];

export function shellArgument(): Argument {
  return new Argument('<shell>').choices(['bash', 'zsh', 'fish']);
}

/** For an option that takes a whole number. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^-?\d+$/.test(text) ? Number(text) : NaN;
    if (Number.isNaN(value) || value < min || value > max) {
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

/** For an option that takes seconds. */
export function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) {
    throw new InvalidArgumentError('It must be a number of seconds.');
  }
  return value;
}

/** For an option that takes JSON. A number that JavaScript would change is refused: `run` sends files as they are. */
export function json(text: string): Json {
  let value: Json;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InvalidArgumentError(`It must be JSON (${messageOf(error)}).`);
  }
  const changed = findChangedInteger(text);
  if (changed !== undefined) {
    throw new InvalidArgumentError(
      `The number ${changed} would lose digits here: post it in a file, with arcrun run.`,
    );
  }
  return value;
}

/** The first integer of a JSON text that a double does not hold. */
function findChangedInteger(text: string): string | undefined {
  const withoutStrings = text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""');
  const integers = withoutStrings.match(/(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g) ?? [];
  return integers.find((digits) => BigInt(digits) !== BigInt(Number(digits)));
}

const READ_PROBLEMS: Record<string, string> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'this user may not read it',
};

/**
 * The JSON text of a file, or of stdin for `-`; kept as it is, since parsing would cost long numbers their digits.
 * @throws CommandFailure when it cannot be read or is no JSON
 */
export async function readJsonText(file: string, stdin: NodeJS.ReadStream): Promise<string> {
  const name = file === '-' ? 'The input' : file;
  let text: string;
  try {
    text = file === '-' ? await readAll(stdin) : await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    throw usageFailure(`${name} can't be read: ${READ_PROBLEMS[code] ?? messageOf(error)}`);
  }
  text = text.replace(/^\uFEFF/, '');
  try {
    JSON.parse(text);
  } catch (error) {
    throw usageFailure(`${name} is not JSON: ${messageOf(error)}`);
  }
  return text;
}

async function readAll(stream: NodeJS.ReadStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
