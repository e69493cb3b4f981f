// Who hands tasks to a peer, a process of its own.
import { clockMs } from '../bench/measure/clock.ts';
import { serveCommands } from '../bench/parties/serve-commands.ts';
import type { Place, ProducerCommands, TaskLoad } from '../bench/peers/commands.ts';
import { loadLibrary, type Producer } from './library.ts';

let producer: Producer;

/** So that ids sort as numbers do. */
const idOf = (index: number): string => String(index).padStart(6, '0');

const idsOf = (count: number): string[] => Array.from({ length: count }, (_, index) => idOf(index));

async function addInBatches({ count, batch, concurrency }: TaskLoad): Promise<void> {
  const batches = Array.from({ length: Math.ceil(count / batch) }, (_, index) =>
    idsOf(count).slice(index * batch, (index + 1) * batch),
  ).values();
  const addInTurn = async (): Promise<void> => {
    for (const tasks of batches) await producer.addTasks(tasks);
  };
  await Promise.all(Array.from({ length: concurrency }, addInTurn));
}

const commands: ProducerCommands = {
  async open(place: Place) {
    producer = await (await loadLibrary(place)).openProducer(place);
  },
  async addTasks(load) {
    const beganMs = clockMs();
    await addInBatches(load);
    return beganMs;
  },
  async addChain(length) {
    const beganMs = clockMs();
    await producer.addChain(idsOf(length));
    return beganMs;
  },
  async addFan(width) {
    const beganMs = clockMs();
    await producer.addFan!({
      first: idOf(0),
      middle: idsOf(width + 1).slice(1),
      last: idOf(width + 1),
    });
    return beganMs;
  },
};

serveCommands(commands);
