import { parentPort, type Transferable } from 'node:worker_threads';
import { ApiError } from '../http/errors.ts';
import { packBatch, transferOf } from './packed-batch.ts';
import type { ReadCall, ReadOutcome } from './reader-thread.ts';
import { READERS } from './readers.ts';

// The thread: reads one body after the other.
parentPort!.on('message', (call: ReadCall) => {
  const [outcome, transfer] = read(call);
  parentPort!.postMessage(outcome, transfer);
});

function read({ name, bytes, options }: ReadCall): [ReadOutcome, Transferable[]] {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    if (name !== 'newBatch') return [{ value: READERS[name](body, options) }, []];
    const packed = packBatch(READERS.newBatch(body, options));
    return [{ value: packed }, transferOf(packed)];
  } catch (error) {
    // Errors of our own would arrive without what makes them ours.
    if (!(error instanceof ApiError)) return [{ failure: error }, []];
    const { status, message, fields, headers } = error;
    return [{ refusal: { status, message, fields, headers } }, []];
  }
}
