import { Type } from 'typebox';
import { HealthDto, ReadyDto } from '../schemas/health.ts';
import { LogLevelDto } from '../schemas/log-level.ts';
import { OverviewDto } from '../schemas/overview.ts';
import { LOG_LEVEL_EXAMPLES } from './examples.ts';
import { query } from './operation.ts';
import type { Operation } from './operation.ts';

function page(
  id: string,
  summary: string,
  contentType: string,
  parameters: Operation['parameters'] = [],
): Operation {
  return {
    id,
    tag: 'service',
    summary,
    parameters,
    answers: { 200: { description: summary, schema: Type.String(), contentType } },
    errors: [],
  };
}

export const SERVICE_OPERATIONS: { readonly [path: string]: { readonly [method: string]: Operation } } = {
  '/health': {
    get: {
      id: 'getHealth',
      tag: 'service',
      summary: 'Liveness: 200 also when degraded',
      answers: { 200: { description: 'How it is', schema: HealthDto } },
      errors: [],
      isOpen: true,
    },
  },
  '/ready': {
    get: {
      id: 'getReadiness',
      tag: 'service',
      summary: 'Readiness: whether it can serve',
      answers: { 200: { description: 'Ready', schema: ReadyDto } },
      errors: [503],
      isOpen: true,
    },
  },
  '/overview': {
    get: {
      id: 'getOverview',
      tag: 'service',
      summary: 'What goes on in the whole fleet: the last hour, the busiest kinds and rules, the workers',
      answers: { 200: { description: 'The overview', schema: OverviewDto } },
      errors: [503],
    },
  },
  '/admin/log-level': {
    get: {
      id: 'getLogLevel',
      tag: 'service',
      summary: 'What the process that answers logs',
      answers: { 200: { description: 'Its level', schema: LogLevelDto } },
      errors: [],
    },
    put: {
      id: 'setLogLevel',
      tag: 'service',
      summary: 'Changes what the process that answers logs, until it ends',
      body: { schema: LogLevelDto, examples: LOG_LEVEL_EXAMPLES },
      answers: { 200: { description: 'Its new level', schema: LogLevelDto } },
      errors: [400, 413],
    },
  },
  '/metrics': { get: page('getMetrics', 'Metrics for Prometheus', 'text/plain') },
  '/view': {
    get: page('viewBatch', 'The web page of a batch', 'text/html', [
      query('batch', 'The id of a batch', Type.String()),
    ]),
  },
  '/admin/queues': { get: page('viewQueues', 'Bull Board', 'text/html') },
  '/swagger-ui/': { get: page('viewOpenApi', 'A page that shows this document', 'text/html') },
  '/api-docs/openapi.json': {
    get: {
      id: 'getOpenApi',
      tag: 'service',
      summary: 'This document',
      answers: { 200: { description: 'The document', schema: Type.Object({}) } },
      errors: [],
    },
  },
};
