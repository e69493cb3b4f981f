import { Command } from 'commander';
import { addChangingCommands } from './commands/change.ts';
import { addCreatingCommands } from './commands/create.ts';
import { addDeliveryCommands } from './commands/deliveries.ts';
import { addReadingCommands } from './commands/read.ts';
import { COMPLETION_SCRIPTS } from './completion.ts';
import { EXIT } from './exit-codes.ts';
import { shellArgument } from './arguments.ts';
import type { Run, Surroundings } from './session.ts';

interface GlobalOptions {
  url?: string;
  json?: boolean;
}

/** Called with what the words ask for. */
type Choose = (run: Run, globals: GlobalOptions) => void;

/** A subcommand hands over what it will do once the words are known to be right. */
export type AddCommands = (program: Command, choose: (command: Command, run: Run) => void) => void;

const MORE = `
Environment: ARCRUN_URL (default http://127.0.0.1:8085), ARCRUN_TOKEN (when the server asks for one),
ARCRUN_RECEIVER (the sample receiver of dag and single, default http://127.0.0.1:8090).

Exit codes: 0 done, 1 the watched batch ended with tasks that did not succeed, 2 wrong words or a bad file,
3 no such thing, 4 refused, 5 no answer from the server, 6 token missing or wrong, 130 interrupted.`;

/** The whole tree of commands. Nothing is run by it. */
export function createProgram(choose: Choose, world: Surroundings): Command {
  const program = new Command('arcrun')
    .description('Posts, watches and steers batches of tasks of an ArcRun server.')
    .option('--url <url>', 'where the server is, in place of ARCRUN_URL')
    .option('--json', 'output for programs')
    .helpCommand('help [command]', 'the help of a command')
    .helpOption('-h, --help', 'this text')
    .showSuggestionAfterError(true)
    .addHelpText('after', MORE)
    .configureOutput({
      writeOut: (text) => world.stdout.write(text),
      // The error is told once, as a sentence, by whoever catches it.
      writeErr: () => undefined,
    })
    .exitOverride();
  const choosing = (command: Command, run: Run): void => {
    choose(run, command.optsWithGlobals<GlobalOptions>());
  };
  for (const add of [addCreatingCommands, addReadingCommands, addChangingCommands, addDeliveryCommands]) {
    add(program, choosing);
  }
  const completion = program
    .command('completion')
    .description('prints the script that completes words in a shell')
    .addArgument(shellArgument())
    .action((shell: keyof typeof COMPLETION_SCRIPTS) => {
      choosing(completion, async ({ say }) => {
        say(COMPLETION_SCRIPTS[shell]);
        return EXIT.done;
      });
    });
  return program;
}
