import { setImmediate as nextTurn } from 'node:timers/promises';

const SLICE_BYTES = 262_144;

/**
 * Long bytes slice by slice, with a turn of the event loop after each: what is done with a hundred megabytes at once
 * (even if they are only handed to the kernel) holds up everybody else for half a second.
 */
export async function* inSlices<T extends Uint8Array>(bytes: T): AsyncGenerator<T> {
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a part is of the same kind
    yield bytes.subarray(at, at + SLICE_BYTES) as T;
    if (at + SLICE_BYTES < bytes.length) await nextTurn();
  }
}
