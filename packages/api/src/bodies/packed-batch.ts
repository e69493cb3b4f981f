import { MessageChannel, type MessagePort, type Transferable } from 'node:worker_threads';
import type { BatchWrite, DuplicateSearch, FoundDuplicates } from '@arcrun/database';
import { unavailable } from '../http/errors.ts';
import type { DescribedTasks } from '../plan-tasks.ts';
import type { NewBatchBody } from './readers.ts';

type Write = BatchWrite<DescribedTasks>;

/** A planned batch on its way out of the thread. Long texts are bytes, which are handed over and not copied. */
export type PackedBatch = {
  readonly id: string;
  readonly size: number;
  readonly bodyHash: Uint8Array<ArrayBuffer> | null;
} & (
  | { readonly search: null; readonly write: Write }
  | {
      readonly search: DuplicateSearch;
      /** Takes what was found and answers with what is to be written; the plan is kept until it is closed. */
      readonly port: MessagePort;
    }
);

export function packBatch({ tasks: { plan, size }, bodyHash }: NewBatchBody): PackedBatch {
  const { id, search } = plan;
  if (search === null) return { id, size, bodyHash, search, write: packWrite(plan.write) };
  const { port1: own, port2: port } = new MessageChannel();
  const answer = async (found: FoundDuplicates) => {
    const write = packWrite(await plan.writeWithout(found));
    own.postMessage(write, buffersOf(write));
  };
  own.on('message', (found: FoundDuplicates) => void answer(found));
  const { shapes, tasks, strategies } = search;
  const packed = { shapes: toBytes(shapes), tasks: toBytes(tasks), strategies: toBytes(strategies) };
  return { id, size, bodyHash, search: packed, port };
}

/** What is handed over with it. */
export const transferOf = (packed: PackedBatch): Transferable[] =>
  packed.search === null ? buffersOf(packed.write) : [packed.port, ...buffersIn(packed.search)];

export function unpackBatch(packed: PackedBatch): NewBatchBody {
  const { id, size, bodyHash, search } = packed;
  if (search === null) return { tasks: { plan: { id, search, write: packed.write }, size }, bodyHash };
  const { port } = packed;
  const { promise: isLost, reject } = Promise.withResolvers<never>();
  port.on('close', () => reject(unavailable('The batch was lost while it was planned')));
  // It is closed in the end, and then nobody waits.
  isLost.catch(() => undefined);
  const writeWithout = (found: FoundDuplicates): Promise<Write> => {
    const written = new Promise<Write>((resolve) => port.once('message', resolve));
    port.postMessage(found);
    return Promise.race([written, isLost]);
  };
  return { tasks: { plan: { id, search, writeWithout }, size }, bodyHash };
}

function packWrite({ texts, described }: Write): Write {
  const { row, actions, ruleSets, tasks, links } = texts;
  return {
    texts: {
      row: toBytes(row),
      actions: toBytes(actions),
      ruleSets: toBytes(ruleSets),
      tasks: toBytes(tasks),
      links: toBytes(links),
    },
    described,
  };
}

const encoder = new TextEncoder();

const toBytes = (text: string | Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> =>
  typeof text === 'string' ? encoder.encode(text) : text;

const buffersOf = ({ texts, described }: Write): Transferable[] => [
  ...buffersIn(texts),
  ...buffersIn(described),
];

const buffersIn = (texts: object): Transferable[] =>
  Object.values(texts).flatMap((text) =>
    text instanceof Uint8Array && text.buffer instanceof ArrayBuffer ? [text.buffer] : [],
  );
