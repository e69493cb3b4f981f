import type { BatchFilter } from '../../api/batches.ts';

/** The parameters of the address that filter the list. */
export const FILTERS = [
  'search',
  'status',
  'kind',
  'name',
  'scope',
  'created_after',
  'created_before',
  'metadata',
] as const satisfies readonly (keyof BatchFilter)[];

/** The filter that an address holds. */
export function readFilter(query: URLSearchParams): BatchFilter {
  return Object.fromEntries(
    [...FILTERS, 'after'].flatMap((name) => (query.has(name) ? [[name, query.get(name)]] : [])),
  );
}
