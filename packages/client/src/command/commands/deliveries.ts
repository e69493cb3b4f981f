import { Option } from 'commander';
import { wholeNumber } from '../arguments.ts';
import { EXIT } from '../exit-codes.ts';
import { about, usageFailure } from '../failure.ts';
import type { AddCommands } from '../program.ts';
import { deliveryTable } from '../render.ts';
import type { DeliveryStatus } from '../../types.ts';
import { given, take } from './read.ts';

interface ListOptions {
  status?: DeliveryStatus;
  task?: string;
  batch?: string;
  limit: number;
}

interface RetryOptions {
  all?: true;
  task?: string;
  batch?: string;
}

/** `deliveries list` and `deliveries retry`. */
export const addDeliveryCommands: AddCommands = (program, choose) => {
  const deliveries = program
    .command('deliveries')
    .description('the notifications, and how their delivery goes');

  const list = deliveries
    .command('list', { isDefault: true })
    .description('lists them, last updated first')
    .addOption(new Option('--status <status>', 'in this status').choices(['Pending', 'Success', 'Exhausted']))
    .option('--task <task_id>', 'of a task')
    .option('--batch <batch_id>', 'of a batch and its tasks')
    .option('--limit <n>', 'so many at the most', wholeNumber(1, 100_000), 20);
  list.action(({ status, task, batch, limit }: ListOptions) => {
    choose(list, async (session) => {
      const filter = given({ status, task_id: task, batch_id: batch, page_size: Math.min(limit, 100) });
      const rows = await take(session.client.eachDelivery(filter, { signal: session.signal }), limit);
      session.show(rows, () => deliveryTable(rows));
      return EXIT.done;
    });
  });

  const retry = deliveries
    .command('retry')
    .description('makes exhausted deliveries due again, with fresh attempts')
    .argument('[delivery_id]', 'this one')
    .option('--task <task_id>', 'those of a task')
    .option('--batch <batch_id>', 'those of a batch and its tasks')
    .option('--all', 'all that are exhausted');
  retry.action((deliveryId: string | undefined, options: RetryOptions) => {
    choose(retry, async (session) => {
      const { client, signal } = session;
      const ways = [deliveryId, options.all, options.task ?? options.batch].filter(
        (way) => way !== undefined,
      );
      if (ways.length !== 1) throw usageFailure('Say a delivery, or --task, --batch, or --all');
      const retried =
        deliveryId === undefined
          ? await client.retryDeliveries(given({ task_id: options.task, batch_id: options.batch }), {
              signal,
            })
          : await about('delivery', deliveryId, client.retryDelivery(deliveryId, { signal }));
      session.show({ retried }, () => [
        `${retried} ${retried === 1 ? 'delivery is' : 'deliveries are'} due again.`,
      ]);
      return EXIT.done;
    });
  });
};
