import { Type } from 'typebox';
import type { Static } from 'typebox';
import { oneOf } from './building-blocks.ts';

/** What a process logs. */
export const LogLevelDto = Type.Object({ level: oneOf(['error', 'warn', 'info', 'debug']) });
export type LogLevelDto = Static<typeof LogLevelDto>;
