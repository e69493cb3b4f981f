import { findFreePort } from '@arcrun/local';

/**
 * A free port for a process of a test. It lies below the range that outgoing connections take theirs from (32,768 and
 * up on Linux), so that none of them has it by the time the process listens; and above those that fetch and browsers
 * refuse to call (10,080 is the last, https://fetch.spec.whatwg.org/#port-blocking).
 *
 * @param taken ports that others will listen on
 */
export const freePort = (taken?: ReadonlySet<number>): Promise<number> =>
  findFreePort(11_000 + Math.floor(Math.random() * 19_000), taken);
