import { Type } from 'typebox';
import type { Static } from 'typebox';
import { oneOf } from './building-blocks.ts';

const condition = oneOf(['healthy', 'unhealthy']);

export const HealthDto = Type.Object({
  status: oneOf(['ok', 'degraded']),
  database: condition,
  queue: condition,
  pool_size: Type.Integer({ minimum: 0 }),
  pool_idle: Type.Integer({ minimum: 0 }),
});
export type HealthDto = Static<typeof HealthDto>;

export const ReadyDto = Type.Object({ status: oneOf(['ready']), queue: condition });
export type ReadyDto = Static<typeof ReadyDto>;
