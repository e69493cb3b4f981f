import { NewRerunDto } from '../schemas/rerun.ts';
import type { RerunChoice } from '../statuses.ts';
import { checkShape, compileShape } from './check-shape.ts';
import { ErrorList } from './error-list.ts';
import type { Invalid } from './error-list.ts';
import type { Json } from './lossless-json.ts';

/** What is asked of a rerun. */
export type NewRerun = { readonly only: RerunChoice; readonly isDryRun: boolean };

/** What is not said. */
export const DEFAULT_RERUN: NewRerun = { only: 'unsuccessful', isDryRun: false };

const validate = compileShape<NewRerunDto>(NewRerunDto);

/** Reads the body of `POST /batch/{id}/rerun`. */
export function parseRerun(value: Json): { readonly ok: true; readonly rerun: NewRerun } | Invalid {
  const errors = new ErrorList();
  const dto = checkShape(validate, value, '', errors);
  if (dto === null) return { ok: false, details: errors.details };
  const { only, isDryRun } = DEFAULT_RERUN;
  return { ok: true, rerun: { only: dto.only ?? only, isDryRun: dto.dry_run ?? isDryRun } };
}
