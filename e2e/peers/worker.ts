// Who runs a peer's tasks, a process of its own. A task does nothing but be noted down.
import { setTimeout as delay } from 'node:timers/promises';
import { clockMs } from '../bench/measure/clock.ts';
import { serveCommands } from '../bench/parties/serve-commands.ts';
import type { WorkerCommands } from '../bench/peers/commands.ts';
import type { Start } from '../bench/peers/contestant.ts';
import { loadLibrary, type Worker } from './library.ts';

const POLL_MS = 2;

let worker: Worker;
let starts: Start[] = [];
let tellWaiting = (): void => undefined;

function note(task: string): void {
  starts.push({ task, atMs: clockMs() });
  tellWaiting();
}

const commands: WorkerCommands = {
  async open(place) {
    worker = await (await loadLibrary(place)).openWorker(place, note);
  },
  forget() {
    starts = [];
  },
  untilRan: (count) =>
    new Promise((resolve) => {
      tellWaiting = () => {
        if (starts.length >= count) resolve();
      };
      tellWaiting();
    }),
  async untilStored() {
    while ((await worker.countOpen()) > 0) await delay(POLL_MS);
    return clockMs();
  },
  starts: () => starts,
};

serveCommands(commands);
