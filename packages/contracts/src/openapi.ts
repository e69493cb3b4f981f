import { BATCH_OPERATIONS } from './openapi/batch-operations.ts';
import { DELIVERY_OPERATIONS } from './openapi/delivery-operations.ts';
import { NAMED_SCHEMAS, toDocument } from './openapi/named-schemas.ts';
import { toOperation } from './openapi/operation.ts';
import type { Operation, Tag } from './openapi/operation.ts';
import { SERVICE_OPERATIONS } from './openapi/service-operations.ts';
import { TASK_OPERATIONS } from './openapi/task-operations.ts';

const TAGS: { readonly [name in Tag]: string } = {
  tasks: 'Creating tasks, following them, reporting their ends',
  batches: 'What was created together',
  deliveries: 'Notifications and how their delivery goes',
  service: 'The server itself',
};

const PATHS: { readonly [path: string]: { readonly [method: string]: Operation } } = {
  ...TASK_OPERATIONS,
  ...BATCH_OPERATIONS,
  ...DELIVERY_OPERATIONS,
  ...SERVICE_OPERATIONS,
};

/** The OpenAPI 3.1 document of the API, made from the schemas that validate requests. */
export function buildOpenApi(): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'ArcRun API',
      version: '0.1.0',
      description: 'Runs DAGs of tasks whose work is done elsewhere.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    // Relative to where the document itself lies, so that it is right behind a proxy that strips a path.
    servers: [{ url: '..' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    security: [{}, { token: [] }],
    paths: Object.fromEntries(
      Object.entries(PATHS).map(([path, methods]) => [
        path,
        Object.fromEntries(
          Object.entries(methods).map(([method, operation]) => [method, toOperation(operation)]),
        ),
      ]),
    ),
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'Needed when the server has an AUTH_TOKEN' },
      },
      schemas: Object.fromEntries(
        Object.entries(NAMED_SCHEMAS).map(([name, schema]) => [name, toDocument(schema, true)]),
      ),
    },
  };
}
