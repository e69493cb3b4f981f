import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Commands, Question, Reply } from '../parties/serve-commands.ts';

const PARTIES = join(import.meta.dirname, '../parties');

/** One who is no part of the system under test, in a process of its own: it is asked over its channel. */
export interface Party<C extends Commands> {
  readonly pid: number;
  ask<Name extends keyof C & string>(
    command: Name,
    ...given: Parameters<C[Name]>
  ): Promise<Awaited<ReturnType<C[Name]>>>;
  stop(): Promise<void>;
}

interface Asked {
  readonly resolve: (gives: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Starts a party and waits until it is ready.
 *
 * @param script its file among the parties
 */
export async function startParty<C extends Commands>(script: string): Promise<Party<C>> {
  const child = fork(join(PARTIES, script), {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    serialization: 'advanced',
  });
  const asked = new Map<number, Asked>();
  let lastId = 0;
  const reply = (id: number): Promise<unknown> =>
    new Promise((resolve, reject) => asked.set(id, { resolve, reject }));
  child.on('message', (message: Reply) => {
    const one = asked.get(message.id);
    asked.delete(message.id);
    if ('error' in message) one?.reject(new Error(`${script}: ${message.error}`));
    else one?.resolve(message.gives);
  });
  const exited = once(child, 'exit');
  void exited.then(() => {
    for (const one of asked.values()) one.reject(new Error(`${script} has ended`));
  });
  await reply(0);
  return {
    pid: child.pid!,
    ask: (command, ...given) => {
      const id = ++lastId;
      child.send({ id, command, given: given[0] } satisfies Question);
      return reply(id) as Promise<never>;
    },
    stop: async () => {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
