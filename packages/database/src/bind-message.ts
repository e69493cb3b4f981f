/** Longer values are parts of their own. */
const COPIED_MAX_BYTES = 65_536;

const INT32_BYTES = 4;
/** Behind the values: no formats of results, so all are texts. */
const TAIL = Buffer.alloc(2);

/**
 * The message Bind of the protocol, for values that are texts, of the unnamed statement into the unnamed portal. Its
 * parts are to be written one after the other: long values are not copied, as they are by the driver, which would put a
 * hundred megabytes together while everybody waits.
 */
export function toBindMessage(values: readonly (string | Uint8Array | null)[]): Uint8Array[] {
  const encoded = values.map((value) => (typeof value === 'string' ? Buffer.from(value) : value));
  const parts: Uint8Array[] = [];
  const short: Uint8Array[] = [toHead(encoded)];
  for (const value of encoded) {
    short.push(toInt32(value?.length ?? -1));
    if (value === null) continue;
    if (value.length > COPIED_MAX_BYTES) parts.push(Buffer.concat(short.splice(0)), value);
    else short.push(value);
  }
  parts.push(Buffer.concat([...short, TAIL]));
  return parts;
}

/** What stands before the values: B, the length, two empty names, no formats of values, how many there are. */
function toHead(values: readonly (Uint8Array | null)[]): Buffer {
  const head = Buffer.alloc(11);
  const ofValues = values.reduce((sum, value) => sum + INT32_BYTES + (value?.length ?? 0), 0);
  head.write('B');
  head.writeInt32BE(head.length - 1 + ofValues + TAIL.length, 1);
  head.writeInt16BE(values.length, 9);
  return head;
}

function toInt32(value: number): Buffer {
  const bytes = Buffer.alloc(INT32_BYTES);
  bytes.writeInt32BE(value);
  return bytes;
}
