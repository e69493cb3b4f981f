import type { Answer } from './transport.ts';

/**
 * Every row of a list, page after page: it follows the cursor of `Link: <…>; rel="next"`, so it costs the same
 * however deep it goes and neither skips nor repeats rows that were there from the start.
 */
export async function* eachRow<Row>(
  page: (cursor: string | undefined) => Promise<Answer<Row[]>>,
): AsyncGenerator<Row, void> {
  let cursor: string | undefined;
  do {
    const { headers, body } = await page(cursor);
    yield* body;
    cursor = nextCursor(headers);
  } while (cursor !== undefined);
}

/** The `after` of the next page; undefined on the last one. */
function nextCursor(headers: Headers): string | undefined {
  const target = /<([^>]*)>\s*;[^,]*\brel="?next"?/.exec(headers.get('link') ?? '')?.[1];
  if (target === undefined) return undefined;
  return new URL(target, 'http://api').searchParams.get('after') ?? undefined;
}
