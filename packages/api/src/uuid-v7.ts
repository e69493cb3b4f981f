import { randomBytes } from 'node:crypto';

const COUNTER_RANDOM_BITS = 0x7fff_ffff;

/**
 * UUIDs of version 7 that grow from one to the next, for the tasks of one batch: one time, then a counter of 42
 * bits that begins at random (RFC 9562, section 6.2, method 2), then random bits of their own.
 *
 * @param count up to a million
 */
export function uuidsV7(count: number, nowMs: number = Date.now()): string[] {
  const random = randomBytes(4 + 4 * count);
  const time = nowMs.toString(16).padStart(12, '0');
  const prefix = `${time.slice(0, 8)}-${time.slice(8)}-7`;
  // 12 bits stand before the variant and 30 behind it; the top bit is free, so that the counter cannot overflow.
  let counter = (random.readUInt32BE(0) & COUNTER_RANDOM_BITS) * 1024;
  return Array.from({ length: count }, (_, index) => {
    const high = Math.floor(counter / 2 ** 30);
    const low = counter % 2 ** 30;
    counter++;
    const variant = (0x8000_0000 + low).toString(16);
    const tail = random.toString('hex', 4 + 4 * index, 8 + 4 * index);
    return `${prefix}${high.toString(16).padStart(3, '0')}-${variant.slice(0, 4)}-${variant.slice(4)}${tail}`;
  });
}
