import { type Kysely, sql } from 'kysely';
import type { Schema } from './schema.ts';

/** A call that is to have its effect once, however often it comes. */
export interface IdempotentCall {
  /** Such as `POST /task`. */
  readonly call: string;
  readonly key: string;
  /** SHA-256 of the body as it came. */
  readonly bodyHash: Buffer;
}

/** The body of an answer, as text or as its bytes. */
export type Answer = string | Uint8Array;

export type Once<T> =
  | { readonly outcome: 'done'; readonly value: T; readonly answer: Answer | null }
  /** The first call's answer; nothing was done. */
  | { readonly outcome: 'repeated'; readonly batchId: string; readonly answer: string | null }
  /** The key was used with another body. */
  | { readonly outcome: 'conflict' };

/** What the key has been used for; null when it has not. */
export async function findAnswer(
  db: Kysely<Schema>,
  { call, key, bodyHash }: IdempotentCall,
): Promise<Exclude<Once<never>, { readonly outcome: 'done' }> | null> {
  const { rows } = await sql<{ hash: Buffer | null; answer: string | null; batchId: string }>`
    select body_hash as hash, answer, batch_id as "batchId"
    from find_idempotent_answer(${call}, ${key})`.execute(db);
  const { hash, ...first } = rows[0]!;
  if (hash === null) return null;
  return hash.equals(bodyHash) ? { outcome: 'repeated', ...first } : { outcome: 'conflict' };
}

/** Does something within `trx` and keeps its answer, unless the key has been used; a twin under way is waited for. */
export async function once<T>(
  trx: Kysely<Schema>,
  idempotent: IdempotentCall,
  batchId: string,
  run: () => Promise<{ readonly value: T; readonly answer: Answer | null }>,
): Promise<Once<T>> {
  const { call, key, bodyHash } = idempotent;
  await sql`select lock_idempotency_key(${call}, ${key})`.execute(trx);
  const known = await findAnswer(trx, idempotent);
  if (known !== null) return known;
  const { value, answer } = await run();
  await sql`insert into idempotency_key (call, key, body_hash, answer, batch_id)
            values (${call}, ${key}, ${bodyHash}, ${answer}, ${batchId})`.execute(trx);
  return { outcome: 'done', value, answer };
}
