import { CommanderError } from 'commander';
import { createClient } from '../client.ts';
import { completeWords } from './completion.ts';
import type { ArcRunError } from '../error.ts';
import { EXIT } from './exit-codes.ts';
import { describeFailure, usageFailure } from './failure.ts';
import { createProgram } from './program.ts';
import type { Run, Session, Surroundings } from './session.ts';

const DEFAULT_URL = 'http://127.0.0.1:8085';

/** Runs the words of the command line to their end. Gives the exit code; throws nothing. */
export async function runCommand(words: readonly string[], world: Surroundings): Promise<number> {
  const url = world.env['ARCRUN_URL'] || DEFAULT_URL;
  const chosen = { run: undefined as Run | undefined, json: words.includes('--json'), url };
  const program = createProgram((run, globals) => {
    chosen.run = run;
    chosen.json = globals.json === true;
    chosen.url = globals.url ?? url;
  }, world);
  try {
    if (words[0] === '__complete') {
      return await completeWords(program, words.slice(2), openSession(chosen, world, COMPLETION_LIMITS));
    }
    if (words.length === 0) {
      program.outputHelp();
      return EXIT.usage;
    }
    await program.parseAsync([...words], { from: 'user' });
    if (chosen.run === undefined) return EXIT.done;
    return await chosen.run(openSession(chosen, world));
  } catch (error) {
    if (world.signal.aborted) return EXIT.interrupted;
    // Help and the version were asked for, and are written.
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
    const failure = describeFailure(error, chosen.url, Boolean(world.env['ARCRUN_TOKEN']));
    const { sentence, exitCode, status, details } = failure;
    const text = chosen.json ? JSON.stringify({ error: sentence, status, details }) : sentence;
    world.stderr.write(`${text}\n`);
    return exitCode;
  }
}

/** Shorter waits are not worth a word. */
const TOLD_WAIT_MS = 1_000;

/** Nobody waits longer for the ends of words. */
const COMPLETION_LIMITS = { maxAttempts: 1, timeoutMs: 3_000 };

function openSession(
  { url, json }: { url: string; json: boolean },
  world: Surroundings,
  limits: { maxAttempts?: number; timeoutMs?: number } = {},
): Session {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw usageFailure(`"${url}" is no http or https address: check ARCRUN_URL or --url`);
  }
  const say = (line: string): void => {
    world.stdout.write(`${line}\n`);
  };
  const onRetry = ({ status }: ArcRunError, delayMs: number): void => {
    if (json || delayMs < TOLD_WAIT_MS) return;
    const seconds = Math.ceil(delayMs / 1000);
    world.stderr.write(`The server is busy (${status}), asking again in ${seconds} s.\n`);
  };
  return {
    ...world,
    json,
    client: createClient({ url, token: world.env['ARCRUN_TOKEN'] || undefined, onRetry, ...limits }),
    say,
    show(value, lines) {
      if (json) say(JSON.stringify(value));
      else for (const line of lines()) say(line);
    },
  };
}
