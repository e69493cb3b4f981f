/** What a party does when it is asked to, by name. */
export type Commands = Readonly<Record<string, (given: never) => unknown>>;

/** From the bench to a party. */
export interface Question {
  readonly id: number;
  readonly command: string;
  readonly given: unknown;
}

/** From a party to the bench; the first one, with id 0, says that it is ready. */
export type Reply =
  { readonly id: number; readonly gives: unknown } | { readonly id: number; readonly error: string };

/** Answers the bench's questions, and ends with it. */
export function serveCommands(commands: Commands): void {
  const answer = async ({ id, command, given }: Question): Promise<Reply> => {
    try {
      return { id, gives: await commands[command]!(given as never) };
    } catch (error) {
      return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
  };
  process.on('message', (question: Question) => {
    void answer(question).then((reply) => process.send!(reply));
  });
  process.once('disconnect', () => process.exit(0));
  // Ctrl-C goes to everybody in the terminal; the bench says when it is over.
  process.on('SIGINT', () => undefined);
  process.send!({ id: 0, gives: null } satisfies Reply);
}
