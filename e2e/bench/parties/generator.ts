// The load generator, a process of its own: sends requests to the API and tells when each was answered.
import { KeepAliveClient, type HttpAnswer, type HttpRequest } from './keep-alive-client.ts';
import { serveCommands } from './serve-commands.ts';

const MAX_CONNECTIONS = 64;

const client = new KeepAliveClient(MAX_CONNECTIONS);

interface Load {
  readonly requests: readonly HttpRequest[];
  /** How many are under way at once, at most. */
  readonly concurrency: number;
  /** Whether the bodies of the answers are of use. */
  readonly keepBodies: boolean;
}

const commands = {
  /** Sends all requests, in order; gives their answers in the same order. */
  async send({ requests, concurrency, keepBodies }: Load): Promise<HttpAnswer[]> {
    const answers: HttpAnswer[] = [];
    const turns = requests.entries();
    const sendInTurn = async (): Promise<void> => {
      for (const [index, request] of turns) {
        const answer = await client.send(request);
        answers[index] = keepBodies ? answer : { ...answer, body: '' };
      }
    };
    await Promise.all(Array.from({ length: concurrency }, sendInTurn));
    return answers;
  },
};

export type GeneratorCommands = typeof commands;

serveCommands(commands);
