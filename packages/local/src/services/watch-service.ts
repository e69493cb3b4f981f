import type { RunningService } from './service-process.ts';

export interface WatchedService {
  stop: () => Promise<void>;
  kill: () => void;
}

export interface WatchOptions {
  /** For messages: "PostgreSQL". */
  name: string;
  service: RunningService;
  /** Starts it anew on the same port. */
  restart: () => Promise<RunningService>;
  /** Ends the process without a moment for it to tidy up. */
  killSignal: NodeJS.Signals;
  say: (message: string) => void;
  /** Called when it can't be had again under the same address. */
  onLost: (reason: unknown) => void;
}

/** Starts an embedded server again whenever it ends unasked. */
export function watchService(options: WatchOptions): WatchedService {
  let stopping = false;
  let current = options.service;
  let restarting: Promise<void> = Promise.resolve();

  const restart = async (ended: RunningService, how: string): Promise<void> => {
    options.say(`${options.name} (pid ${ended.pid}) ended: ${how}. Starting it again.`);
    await ended.stop();
    const next = await options.restart();
    current = next;
    if (next.url !== ended.url) throw new Error(`${options.name} came back at another port`);
    void watch(next);
  };
  const watch = async (service: RunningService): Promise<void> => {
    const how = await service.exited;
    if (!stopping) restarting = restart(service, how).catch(options.onLost);
  };
  void watch(current);

  return {
    async stop() {
      stopping = true;
      await restarting;
      await current.stop();
    },
    kill() {
      stopping = true;
      try {
        process.kill(current.pid, options.killSignal);
      } catch {
        // gone already
      }
    },
  };
}
