const PLAIN_NAME = /^[A-Za-z_][\w-]*$/;
const CLIPPED_LENGTH = 100;

/** Shortens text of the request that an error message repeats. */
export function clip(text: string): string {
  return text.length <= CLIPPED_LENGTH ? text : `${text.slice(0, CLIPPED_LENGTH)}…`;
}

/**
 * The name of a field inside another one: `tasks[3]`, `on_start.params.url`, `headers["X Y"]`.
 * An index at the very top belongs to the array form of a batch, hence `tasks[i]`.
 */
export function fieldPath(parent: string, key: string | number): string {
  if (typeof key === 'number') return `${parent === '' ? 'tasks' : parent}[${key}]`;
  if (!PLAIN_NAME.test(key)) return `${parent}[${JSON.stringify(clip(key))}]`;
  return parent === '' ? key : `${parent}.${clip(key)}`;
}
