import type { Command, Option } from 'commander';
import { EXIT } from './exit-codes.ts';
import { countsText } from './render.ts';
import type { Session } from './session.ts';
import { printable } from '../terminal/index.ts';

/** What each shell asks for the ends of words; all ask the command itself, so they know what it knows. */
export const COMPLETION_SCRIPTS = {
  bash: `# eval "$(arcrun completion bash)" in ~/.bashrc
_arcrun() {
  local word rest
  COMPREPLY=()
  while IFS=$'\\t' read -r word rest; do
    [ -n "$word" ] && COMPREPLY+=("$word")
  done < <(arcrun __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _arcrun arcrun`,
  zsh: `#compdef arcrun
# eval "$(arcrun completion zsh)" in ~/.zshrc, after compinit
_arcrun() {
  local line
  local -a candidates
  while IFS= read -r line; do
    candidates+=("\${\${line//:/\\\\:}/$'\\t'/:}")
  done < <(arcrun __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( $#candidates )); then _describe arcrun candidates; else _files; fi
}
compdef _arcrun arcrun`,
  fish: `# arcrun completion fish | source, in ~/.config/fish/config.fish
function __arcrun_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  arcrun __complete -- $words[2..-1] "$current" 2>/dev/null
end
complete -c arcrun -a '(__arcrun_complete)'`,
} as const;

const SHOWN_BATCHES = 20;

interface Candidate {
  word: string;
  description: string;
}

/**
 * Writes what the last of the words may become, one candidate a line, with a tab before its description.
 * Nothing stands for a file name, which the shell completes itself.
 */
export async function completeWords(
  program: Command,
  words: readonly string[],
  session: Session,
): Promise<number> {
  const partial = words.at(-1) ?? '';
  const place = findPlace(program, words.slice(0, -1));
  const candidates = await candidatesAt(place, partial, session);
  for (const { word, description } of candidates) {
    if (word.startsWith(partial)) session.say(description === '' ? word : `${word}\t${description}`);
  }
  return EXIT.done;
}

interface Place {
  command: Command;
  /** The option whose value comes now. */
  option: Option | undefined;
  /** How many arguments of the command stand before. */
  given: number;
}

function findPlace(program: Command, words: readonly string[]): Place {
  const place: Place = { command: program, option: undefined, given: 0 };
  for (const word of words) {
    if (place.option !== undefined) {
      place.option = undefined;
    } else if (word.startsWith('-')) {
      const option = optionsOf(place.command).find((one) => one.long === word || one.short === word);
      if (option?.required) place.option = option;
    } else {
      const below = place.command.commands.find((one) => one.name() === word);
      if (below === undefined) place.given += 1;
      else place.command = below;
    }
  }
  return place;
}

/** Those of the command and of all above it. */
function optionsOf(command: Command): Option[] {
  return [...command.options, ...(command.parent === null ? [] : optionsOf(command.parent))];
}

async function candidatesAt(
  { command, option, given }: Place,
  partial: string,
  session: Session,
): Promise<Candidate[]> {
  if (option !== undefined) {
    if (option.flags.includes('<batch_id>')) return recentBatches(session);
    return (option.argChoices ?? []).map((word) => ({ word, description: '' }));
  }
  if (partial.startsWith('-')) {
    return optionsOf(command).map(({ long, description }) => ({ word: long ?? '', description }));
  }
  if (command.commands.length > 0) {
    return command.commands.map((one) => ({ word: one.name(), description: one.description() }));
  }
  const argument = command.registeredArguments[given];
  if (argument?.name() === 'batch_id') return recentBatches(session);
  return (argument?.argChoices ?? []).map((word) => ({ word, description: '' }));
}

/** None when the server does not answer at once: whoever presses Tab is not told of that. */
async function recentBatches({ client, signal }: Session): Promise<Candidate[]> {
  try {
    const batches = await client.listBatches({ page_size: SHOWN_BATCHES }, { signal });
    return batches.map(({ batch_id, scope, status_counts }) => ({
      word: batch_id,
      description: printable(`${scope === null ? '' : `${scope}: `}${countsText(status_counts)}`),
    }));
  } catch {
    return [];
  }
}
