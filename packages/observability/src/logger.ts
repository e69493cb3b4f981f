import { createLogger as createWinston, format, type Logger as Winston, transports } from 'winston';
import { toPlainFields } from './plain-fields.ts';

const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type LogFields = Readonly<Record<string, unknown>>;

/** A message is a constant; what varies is in the fields. */
export interface Logger {
  /** What is logged from here on; one level for a logger and all its children. */
  level: LogLevel;
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
  /** Fields of what is being done at the moment of a line. */
  readonly context?: () => LogFields | undefined;
}

const textLine = format.printf(({ timestamp, level, message, ...fields }) => {
  const rest = Object.keys(fields).length === 0 ? '' : ` ${JSON.stringify(fields)}`;
  return `${String(timestamp)} ${level} ${String(message)}${rest}`;
});

/** Logs to the standard output, one line an event. */
export function createLogger({ level, format: style, service, context }: LoggerSettings): Logger {
  const winston = createWinston({
    level: 'debug',
    format: format.combine(format.timestamp(), style === 'json' ? format.json() : textLine),
    transports: [new transports.Console()],
  });
  return new WinstonLogger(winston, { level }, { service }, context);
}

// Whether a line is written at all is decided here: winston would first put it together and then drop it.
class WinstonLogger implements Logger {
  readonly #winston: Winston;
  readonly #shared: { level: LogLevel };
  readonly #fields: LogFields;
  readonly #context: (() => LogFields | undefined) | undefined;

  constructor(
    winston: Winston,
    shared: { level: LogLevel },
    fields: LogFields,
    context: (() => LogFields | undefined) | undefined,
  ) {
    this.#winston = winston;
    this.#shared = shared;
    this.#fields = fields;
    this.#context = context;
  }

  get level(): LogLevel {
    return this.#shared.level;
  }

  set level(level: LogLevel) {
    this.#shared.level = level;
  }

  error(message: string, fields?: LogFields): void {
    this.#log('error', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#log('warn', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#log('info', message, fields);
  }

  debug(message: string, fields?: LogFields): void {
    this.#log('debug', message, fields);
  }

  child(fields: LogFields): Logger {
    return new WinstonLogger(this.#winston, this.#shared, { ...this.#fields, ...fields }, this.#context);
  }

  #log(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (LOG_LEVELS.indexOf(level) > LOG_LEVELS.indexOf(this.#shared.level)) return;
    const all = { ...this.#fields, ...this.#context?.(), ...fields };
    this.#winston.log({ ...toPlainFields(all), level, message });
  }
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
