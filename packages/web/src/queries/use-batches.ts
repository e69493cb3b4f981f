import { keepPreviousData, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { type BatchFilter, type BatchPage, listBatches } from '../api/batches.ts';
import { keys } from './keys.ts';

const POLL_MS = 2000;

/** A page of the batches, looked at again and again while the page is seen. */
export function useBatches(filter: BatchFilter): UseQueryResult<BatchPage> {
  return useQuery({
    queryKey: [...keys.batches, filter],
    queryFn: ({ signal }) => listBatches(filter, signal),
    refetchInterval: POLL_MS,
    placeholderData: keepPreviousData,
  });
}
