/** How many items are put together at once. */
const PART = 1000;

const encoder = new TextEncoder();

/**
 * JSON of a list as bytes, from the text of its items. It is put together in parts, since a text that has just been made
 * is a tree of the pieces that it was made of, which takes many times its size.
 *
 * @returns a buffer of its own, which may be handed over to another thread
 */
export function toJsonList<T>(items: readonly T[], toJson: (item: T) => string): Uint8Array<ArrayBuffer> {
  const parts = [encoder.encode('[')];
  for (let from = 0; from < items.length; from += PART) {
    const text = items
      .slice(from, from + PART)
      .map(toJson)
      .join(',');
    parts.push(encoder.encode(from === 0 ? text : `,${text}`));
  }
  parts.push(encoder.encode(']'));
  return concat(parts);
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let end = 0;
  for (const part of parts) {
    bytes.set(part, end);
    end += part.length;
  }
  return bytes;
}
