// The floor of got: POSTs of JSON over connections that are kept.
import { Agent } from 'node:http';
import got from 'got';
import { clockMs } from '../measure/clock.ts';
import { serveCommands } from './serve-commands.ts';

interface Posts {
  readonly url: string;
  readonly body: string;
  readonly count: number;
  readonly concurrency: number;
}

const agent = new Agent({ keepAlive: true });
const client = got.extend({ agent: { http: agent }, retry: { limit: 0 }, throwHttpErrors: false });

const commands = {
  /** @returns how long it took until the last was answered */
  async post({ url, body, count, concurrency }: Posts): Promise<number> {
    const options = { body, headers: { 'content-type': 'application/json' } };
    const beganMs = clockMs();
    let sent = 0;
    const postInTurn = async (): Promise<void> => {
      while (sent++ < count) {
        const { statusCode } = await client.post(url, options);
        if (statusCode !== 200) throw new Error(`${url} answered ${statusCode}`);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, postInTurn));
    return clockMs() - beganMs;
  },
};

export type GotCommands = typeof commands;

serveCommands(commands);
