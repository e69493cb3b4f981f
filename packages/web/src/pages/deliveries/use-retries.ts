import type { UseMutationResult } from '@tanstack/react-query';
import { retryDeliveries, retryDelivery } from '../../api/deliveries.ts';
import type { RetryDeliveries } from '../../api/types.ts';
import { useAction } from '../../queries/use-action.ts';
import { countDeliveries } from './delivery-words.ts';

interface Retried {
  readonly retried: number;
}

/** Makes one exhausted delivery due again. */
export const useRetryDelivery = (): UseMutationResult<Retried, Error, string> =>
  useAction(retryDelivery, () => 'It is due again, with fresh attempts');

/** Makes all exhausted deliveries due again that a filter names. */
export const useRetryDeliveries = (): UseMutationResult<Retried, Error, RetryDeliveries> =>
  useAction(retryDeliveries, ({ retried }) =>
    retried === 0
      ? 'There was nothing to retry'
      : `${countDeliveries(retried)} due again, with fresh attempts`,
  );
