import { createLogger as createWinston, format, transports } from 'winston';

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';
export type LogFields = Readonly<Record<string, unknown>>;

/** A message is a constant; what varies is in the fields. */
export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to each line. */
  child(fields: LogFields): Logger;
}

export interface LoggerSettings {
  readonly level: LogLevel;
  readonly format: 'json' | 'text';
  /** Of the process: api, worker. */
  readonly service: string;
}

// winston would log an Error as {} and append a field named message to the message.
const plainFields = format((info) => {
  for (const [key, value] of Object.entries(info)) {
    if (value instanceof Error) info[key] = describeError(value);
  }
  return info;
});

function describeError(error: Error): Record<string, unknown> {
  return {
    name: error.name,
    message: error.message,
    ...('code' in error && { code: error.code }),
    stack: error.stack,
    ...(error.cause instanceof Error && { cause: describeError(error.cause) }),
  };
}

const textLine = format.printf(({ timestamp, level, message, ...fields }) => {
  const rest = Object.keys(fields).length === 0 ? '' : ` ${JSON.stringify(fields)}`;
  return `${String(timestamp)} ${level} ${String(message)}${rest}`;
});

/** Logs to the standard output, one line an event. */
export function createLogger(settings: LoggerSettings): Logger {
  const logger = createWinston({
    level: settings.level,
    defaultMeta: { service: settings.service },
    format: format.combine(
      plainFields(),
      format.timestamp(),
      settings.format === 'json' ? format.json() : textLine,
    ),
    transports: [new transports.Console()],
  });
  return logger;
}

/**
 * Lets through the first event of each kind and then one every `periodMs`, with the number of those left out: a
 * library that retries a lost connection reports it several times a second.
 */
export function limitRate(
  log: (message: string, fields: LogFields) => void,
  periodMs: number,
  now: () => number = () => performance.now(),
): (message: string, fields: LogFields) => void {
  const seen = new Map<string, { lastMs: number; leftOut: number }>();
  return (message, fields) => {
    const entry = seen.get(message);
    if (entry !== undefined && now() - entry.lastMs < periodMs) {
      entry.leftOut++;
      return;
    }
    log(message, entry?.leftOut ? { ...fields, left_out: entry.leftOut } : fields);
    seen.set(message, { lastMs: now(), leftOut: 0 });
  };
}
