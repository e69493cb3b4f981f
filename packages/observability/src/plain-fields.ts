import type { LogFields } from './logger.ts';

const DEPTH_MAX = 5;
const CAUSES_MAX = 5;
const HIDDEN = '[hidden]';

/** Fields that hold secrets by their name; their values are never logged. */
const SECRET_NAME =
  /^(authorization|proxy-authorization|cookie|set-cookie|headers|.*(password|passwd|secret|token|api[-_]?key))$/i;

/** The user and the password of a URL, and the token of an Authorization header, wherever they stand in a text. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/([a-z][a-z0-9+.-]*:\/\/)[^\s/?#]*@/gi, `$1${HIDDEN}@`],
  [/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${HIDDEN}`],
];

/**
 * Fields as a line tells them: errors with what they say, their cause included, no secrets, and nothing named as
 * the parts of a line are.
 */
export function toPlainFields(fields: LogFields): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      RESERVED.has(name) ? `field_${name}` : name,
      isSecret(name, value) ? HIDDEN : toPlain(value, 0),
    ]),
  );
}

// winston would append a field named message to the message.
const RESERVED: ReadonlySet<string> = new Set(['level', 'message', 'timestamp']);

// A flag or a number under such a name tells nothing.
const isSecret = (name: string, value: unknown): boolean =>
  SECRET_NAME.test(name) && (typeof value === 'string' || typeof value === 'object') && value !== null;

const hideSecrets = (text: string): string =>
  SECRETS.reduce((left, [pattern, shown]) => left.replace(pattern, shown), text);

function toPlain(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return hideSecrets(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return describeError(value, 0);
  if (value instanceof URL) return hideSecrets(value.href);
  if (depth >= DEPTH_MAX) return '…';
  if (Array.isArray(value)) return value.map((item) => toPlain(item, depth + 1));
  if ('toJSON' in value) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      isSecret(name, inner) ? HIDDEN : toPlain(inner, depth + 1),
    ]),
  );
}

function describeError(error: Error, depth: number): Record<string, unknown> {
  const { cause } = error;
  const describe = (inner: unknown): unknown =>
    inner instanceof Error ? describeError(inner, depth + 1) : toPlain(inner, 0);
  return {
    name: error.name,
    message: hideSecrets(error.message),
    ...('code' in error && { code: error.code }),
    ...(error.stack !== undefined && { stack: hideSecrets(error.stack) }),
    ...(cause !== undefined && depth < CAUSES_MAX && { cause: describe(cause) }),
    ...(error instanceof AggregateError && depth < CAUSES_MAX && { errors: error.errors.map(describe) }),
  };
}
