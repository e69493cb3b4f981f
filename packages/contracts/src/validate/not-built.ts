import { isJsonObject } from './lossless-json.ts';
import type { Json } from './lossless-json.ts';

/**
 * Names the fields of a valid request to create a batch that ask for what is not built yet, so that it is refused
 * and never ignored.
 *
 * @returns fields such as `tasks[2].retry`; empty when everything asked for is there
 */
export function notBuilt(body: Json): string[] {
  const tasks = isJsonObject(body) ? body['tasks'] : body;
  if (!Array.isArray(tasks)) return [];
  return tasks.flatMap((task, index) =>
    isJsonObject(task) && task['retry'] != null ? [`tasks[${index}].retry`] : [],
  );
}
