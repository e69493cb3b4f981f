import type { Dependency, HttpVerb, Json, NewAction, NewTask } from './types.ts';

/** A webhook action; the verb is `Post` when none is given. */
export function webhook(
  url: string,
  options: { verb?: HttpVerb; body?: Json; headers?: Record<string, string> } = {},
): NewAction {
  return {
    kind: 'Webhook',
    params: {
      url,
      verb: options.verb ?? 'Post',
      ...(options.body === undefined ? {} : { body: options.body }),
      ...(options.headers === undefined ? {} : { headers: options.headers }),
    },
  };
}

export type TaskInput = Omit<NewTask, 'name' | 'dependencies'> & {
  /** The id when not given. */
  name?: string;
  /** A plain id is a parent that must succeed. */
  dependencies?: readonly (string | Dependency)[];
};

/** A task to create. */
export function task(input: TaskInput): NewTask {
  const { name, dependencies, ...rest } = input;
  return {
    ...rest,
    name: name ?? input.id,
    ...(dependencies === undefined
      ? {}
      : {
          dependencies: dependencies.map((parent) =>
            typeof parent === 'string' ? { id: parent, requires_success: true } : parent,
          ),
        }),
  };
}
