import { keepPreviousData, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { type DeliveryFilter, type DeliveryPage, listDeliveries } from '../api/deliveries.ts';
import { keys } from './keys.ts';

const POLL_MS = 2000;

/** A page of the ledger. */
export function useDeliveries(filter: DeliveryFilter): UseQueryResult<DeliveryPage> {
  return useQuery({
    queryKey: [...keys.deliveries, filter],
    queryFn: ({ signal }) => listDeliveries(filter, signal),
    refetchInterval: POLL_MS,
    placeholderData: keepPreviousData,
  });
}
