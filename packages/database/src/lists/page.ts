/** A page of a list: by number, or after a key that an earlier page ended with. */
export interface Page<Key> {
  readonly size: number;
  readonly offset: number;
  readonly after: Key | null;
}

/** JSON text of the rows, and the key of the last one when there may be more. */
export interface PageOfRows<Key> {
  readonly json: string;
  readonly next: Key | null;
}

/** How many rows are read before the page is there, at least. */
export const reachOf = ({ size, offset }: Page<unknown>): number => size + offset;
