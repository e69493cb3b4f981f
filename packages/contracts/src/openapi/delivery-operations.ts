import { Type } from 'typebox';
import { RetryDeliveriesDto, RetryDeliveriesResponseDto, WebhookDeliveryDto } from '../schemas/delivery.ts';
import { RETRIED_EXAMPLES } from './answer-examples.ts';
import { RETRY_DELIVERIES_EXAMPLES } from './examples.ts';
import { idInPath, NEXT_PAGE_HEADERS, PAGE_PARAMETERS, query } from './operation.ts';
import type { Operation } from './operation.ts';

const retried = {
  202: {
    description: 'They are due again',
    schema: RetryDeliveriesResponseDto,
    examples: RETRIED_EXAMPLES,
  },
};

export const DELIVERY_OPERATIONS: { readonly [path: string]: { readonly [method: string]: Operation } } = {
  '/webhook-deliveries': {
    get: {
      id: 'listDeliveries',
      tag: 'deliveries',
      summary: 'Lists notifications and how their delivery goes, last updated first',
      parameters: [
        ...PAGE_PARAMETERS,
        query('status', 'In any case'),
        query('task_id', 'Those of this task', Type.String({ format: 'uuid' })),
        query('batch_id', 'Those of this batch and of its tasks', Type.String({ format: 'uuid' })),
      ],
      answers: {
        200: { description: 'A page', schema: Type.Array(WebhookDeliveryDto), headers: NEXT_PAGE_HEADERS },
      },
      errors: [400, 503],
    },
  },
  '/webhook-deliveries/{id}/retry': {
    post: {
      id: 'retryDelivery',
      tag: 'deliveries',
      summary: 'Makes one exhausted delivery due again',
      parameters: [idInPath('id', 'The delivery')],
      answers: retried,
      errors: [404, 409, 503],
    },
  },
  '/webhook-deliveries/retry': {
    post: {
      id: 'retryDeliveries',
      tag: 'deliveries',
      summary: 'Makes exhausted deliveries due again, with fresh attempts',
      body: { schema: RetryDeliveriesDto, examples: RETRY_DELIVERIES_EXAMPLES },
      answers: retried,
      errors: [400, 413, 503],
    },
  },
};
