import type {
  ActionRetry,
  CapacityRule,
  ConcurrencyRule,
  Dependency,
  HttpVerb,
  Json,
  Matcher,
  NewAction,
  NewTask,
  StatusKind,
} from './types.ts';

/** A webhook action; the verb is `Post` when none is given. */
export function webhook(
  url: string,
  options: { verb?: HttpVerb; body?: Json; headers?: Record<string, string>; retry?: ActionRetry } = {},
): NewAction {
  return {
    kind: 'Webhook',
    params: {
      url,
      verb: options.verb ?? 'Post',
      ...(options.body === undefined ? {} : { body: options.body }),
      ...(options.headers === undefined ? {} : { headers: options.headers }),
    },
    ...(options.retry === undefined ? {} : { retry: options.retry }),
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

/** A parent that only has to end, well or not. */
export function after(id: string): Dependency {
  return { id, requires_success: false };
}

/** Which tasks a rule or a `dedupe_strategy` looks at. */
export function matcher(
  kind: string,
  options: {
    /** Top-level names of the metadata whose values must be equal; none by default. */
    fields?: readonly string[];
    /** Default `Running`, which counts Claimed tasks too in rules. */
    status?: StatusKind;
  } = {},
): Matcher {
  return { status: options.status ?? 'Running', kind, fields: [...(options.fields ?? [])] };
}

/** At most `max` matching tasks at once. */
export function concurrency(max: number, matching: Matcher): ConcurrencyRule {
  return { type: 'Concurency', max_concurency: max, matcher: matching };
}

/** Starts only while the remaining work of the matching tasks is below `max`; needs `expected_count`. */
export function capacity(max: number, matching: Matcher): CapacityRule {
  return { type: 'Capacity', max_capacity: max, matcher: matching };
}
