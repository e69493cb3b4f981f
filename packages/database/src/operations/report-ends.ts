import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';

/** How many tasks of a kind have ended, and how many of them in Failure. */
export interface KindEnds {
  readonly kind: string;
  readonly ended: number;
  readonly failed: number;
}

/** Adds the ends that one process has counted, a kind once, to those of the fleet. */
export async function reportEnds(db: Kysely<Schema>, ends: readonly KindEnds[]): Promise<void> {
  if (ends.length === 0) return;
  await sql`select report_ends(${JSON.stringify(ends)}::json)`.execute(db);
}
