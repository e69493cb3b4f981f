import type { Trigger } from '@arcrun/domain';
import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

export interface ProbeDelay {
  /** The next probe may go out in so long. */
  readonly recoverySecs: number;
  /** Notifications that are older are given up. */
  readonly maxAgeSecs: number;
}

/** How many notifications were given up with it. */
export interface GivenUp {
  readonly trigger: Trigger;
  readonly exhausted: number;
}

/** A probe got no answer: the origin's calls wait on, but for notifications that are too old by now. */
export async function putOffProbe(
  db: Kysely<Schema>,
  origin: string,
  { recoverySecs, maxAgeSecs }: ProbeDelay,
): Promise<readonly GivenUp[]> {
  const { rows } = await sql<GivenUp>`
    select trigger, exhausted from put_off_probe(${origin}, ${recoverySecs}, ${maxAgeSecs})`.execute(db);
  return rows;
}
