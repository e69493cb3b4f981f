import { type RawBuilder, sql } from 'kysely';
import { allOf, type Condition, substringPattern } from './conditions.ts';

// A batch knows the words of its tasks' names, so that lists can pass over batches without looking at their tasks.

/** What digits and signs leave of a name. Fewer letters than this tell little. */
const WORD = /\p{L}{3,}/gu;
const ONE_WORD = /^\p{L}{3,}$/u;

/** The words of a batch whose names are all different in letters, too, would fill a page and tell nothing. */
const MOST_CHARS = 1500;

/**
 * The words of the names of a batch's tasks, each with the number of tasks that have it, as `batch.name_words` has
 * them: `extract:91 orders:12`. Null when they are too many.
 */
export function toNameWords(names: Iterable<string>): string | null {
  const counts = new Map<string, number>();
  let chars = 0;
  for (const name of names) {
    for (const word of new Set(name.match(WORD))) {
      const count = counts.get(word);
      if (count === undefined && (chars += word.length + 1) > MOST_CHARS) return null;
      counts.set(word, (count ?? 0) + 1);
    }
  }
  return Array.from(counts, ([word, count]) => `${word}:${count}`).join(' ');
}

/**
 * Whether a task of a batch `b` may have that text in its name, as far as its words tell: each word of the text, or
 * piece of one, is in one of them.
 */
export function mayHaveInName(text: string): Condition {
  const pieces = text.match(WORD) ?? [];
  if (pieces.length === 0) return sql`true`;
  return sql`coalesce(${allOf(pieces.map((piece) => sql`b.name_words like ${substringPattern(piece)}`))}, true)`;
}

/** Whether the words of a batch tell for certain if the text is in one of its tasks' names, where they are known. */
export const isWord = (text: string): boolean => ONE_WORD.test(text);

/** In how many names of a batch `b` that word is; null when its words do not tell. */
export function countInNames(word: string): RawBuilder<number | null> {
  const pattern = substringPattern(word);
  return sql`case
    when b.name_words not like ${pattern} then 0
    when b.name_words is not null then (
      -- Of two words with it, one task may have both.
      select case when count(*) = 1 then max(split_part(w, ':', 2)::integer) end
      from string_to_table(b.name_words, ' ') w where w like ${pattern})
    end`;
}
