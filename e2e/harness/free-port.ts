import { findFreePort } from '@arcrun/local';

/**
 * A free port for a process of a test. It lies below the range that outgoing connections take theirs from (32,768 and
 * up on Linux), so that none of them has it by the time the process listens.
 *
 * @param taken ports that others will listen on
 */
export const freePort = (taken?: ReadonlySet<number>): Promise<number> =>
  findFreePort(10_000 + Math.floor(Math.random() * 20_000), taken);
