import { type Expression, type SqlBool, sql } from 'kysely';

export type Condition = Expression<SqlBool>;

export function allOf(conditions: readonly Condition[]): Condition {
  return conditions.length === 0 ? sql`true` : sql`${sql.join(conditions, sql` and `)}`;
}

/** A LIKE pattern that finds the text anywhere, taken literally. */
export function substringPattern(text: string): string {
  return `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
}
