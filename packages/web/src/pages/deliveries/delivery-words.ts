import type { Delivery } from '../../api/types.ts';

/** What a notification tells, by the name of the field that asked for it. */
export function triggerName({ trigger, condition }: Pick<Delivery, 'trigger' | 'condition'>): string {
  switch (trigger) {
    case 'Start':
      return 'on_start';
    case 'End':
      return condition === 'Failure' ? 'on_failure' : 'on_success';
    case 'Cancel':
      return 'cancel action';
    case 'BatchComplete':
      return 'on_batch_complete';
  }
}

/** How many deliveries, in words. */
export const countDeliveries = (count: number): string =>
  count === 1 ? '1 delivery' : `${count.toLocaleString()} deliveries`;
