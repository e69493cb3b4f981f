import { parseUuid } from '@arcrun/contracts';
import { notFound } from './errors.ts';

/** An id from a path, in lower case. What is no UUID is nothing that could be found. */
export function readId(text: string | undefined, what: 'Task' | 'Batch' | 'Delivery'): string {
  const id = parseUuid(text ?? '');
  if (id === null) throw notFound(what);
  return id;
}
