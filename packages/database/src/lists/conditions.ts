import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely';

export type Condition = Expression<SqlBool>;

export function allOf(conditions: readonly Condition[]): Condition {
  return conditions.length === 0 ? sql`true` : sql`${sql.join(conditions, sql` and `)}`;
}

/** A LIKE pattern that finds the text anywhere, taken literally. */
export function substringPattern(text: string): string {
  return `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
}

/** Rows from an ordered source; nothing is read beyond the page. */
export function slice(rows: RawBuilder<unknown>, { size, offset }: { size: number; offset: number }) {
  return sql`select * from (${rows}) all_rows limit ${size} offset ${offset}`;
}
