import { LogLevelDto } from '../schemas/log-level.ts';
import { checkShape, compileShape } from './check-shape.ts';
import { ErrorList } from './error-list.ts';
import type { Invalid } from './error-list.ts';
import type { Json } from './lossless-json.ts';

const validate = compileShape<LogLevelDto>(LogLevelDto);

/** Reads the body of `PUT /admin/log-level`. */
export function parseLogLevel(
  value: Json,
): { readonly ok: true; readonly level: LogLevelDto['level'] } | Invalid {
  const errors = new ErrorList();
  const dto = checkShape(validate, value, '', errors);
  return dto === null ? { ok: false, details: errors.details } : { ok: true, level: dto.level };
}
