import { INT32_MAX } from '../limits.ts';
import type { PageLimits } from '../limits.ts';
import { checkStorable } from './check-shape.ts';
import { ErrorList } from './error-list.ts';
import type { Invalid } from './error-list.ts';
import { parseTimestamp, parseUuid } from './identifiers.ts';
import { parseUserJson } from './lossless-json.ts';
import { checkUserJson } from './user-json.ts';

/** A parsed query string: a parameter that stands there twice is an array. */
export type QueryParameters = { readonly [name: string]: unknown };

/** Where a page begins and how long it is. */
export type Page = {
  readonly pageSize: number;
  /** Rows before the page; at most 2^63 - 1, where every list has ended. */
  readonly offset: bigint;
  /** The cursor of the page by key, not looked into; null when none was given. */
  readonly after: string | null;
};

const INT64_MAX = 2n ** 63n - 1n;
const INTEGER = /^[+-]?\d{1,30}$/;

/** Reads the parameters of one query string and collects what is wrong with them. */
export class QueryReader {
  readonly #parameters: QueryParameters;
  readonly #errors = new ErrorList();

  constructor(parameters: QueryParameters) {
    this.#parameters = parameters;
  }

  /** @returns the query when every parameter that was read is valid */
  finish<T>(query: T): { readonly ok: true; readonly query: T } | Invalid {
    return this.#errors.isEmpty ? { ok: true, query } : { ok: false, details: this.#errors.details };
  }

  text(name: string): string | null {
    const value = Object.hasOwn(this.#parameters, name) ? this.#parameters[name] : undefined;
    if (value === undefined) return null;
    if (typeof value !== 'string') {
      this.#errors.add(name, 'must be given only once');
      return null;
    }
    return checkStorable(value, name, this.#errors) ? value : null;
  }

  choice<const V extends string>(name: string, values: readonly V[]): V | null {
    return this.#read(name, `must be one of ${values.join(', ')}`, (text) =>
      values.find((value) => value === text),
    );
  }

  choiceInAnyCase<const V extends string>(name: string, values: readonly V[]): V | null {
    return this.#read(name, `must be one of ${values.join(', ')}`, (text) =>
      values.find((value) => value.toLowerCase() === text.toLowerCase()),
    );
  }

  uuid(name: string): string | null {
    return this.#read(name, 'must be a UUID', parseUuid);
  }

  timestamp(name: string): string | null {
    return this.#read(name, 'must be an RFC 3339 time', parseTimestamp);
  }

  int32(name: string): number | null {
    return this.#read(name, 'must be an integer of 32 bits', (text) => {
      const value = INTEGER.test(text) ? Number(text) : Number.NaN;
      return value >= -INT32_MAX - 1 && value <= INT32_MAX ? value : null;
    });
  }

  /** @returns compact JSON text, of what counts in the given one: of equal keys the last */
  json(name: string): string | null {
    const text = this.text(name);
    if (text === null) return null;
    const parsed = parseUserJson(text);
    if (!parsed.ok) {
      this.#errors.add(name, parsed.message);
      return null;
    }
    return checkUserJson(parsed.value, name, this.#errors);
  }

  page({ paginationDefault, paginationMax }: PageLimits): Page {
    const page = this.#int64('page') ?? 0n;
    const size = this.#int64('page_size') ?? 0n;
    const wanted = size <= 0n ? paginationDefault : Number(size);
    const pageSize = Math.min(wanted, paginationMax);
    const offset = page <= 0n ? 0n : page * BigInt(pageSize);
    return { pageSize, offset: offset > INT64_MAX ? INT64_MAX : offset, after: this.text('after') };
  }

  #int64(name: string): bigint | null {
    return this.#read(name, 'must be an integer', (text) => {
      if (!INTEGER.test(text)) return null;
      const value = BigInt(text.replace(/^\+/, ''));
      return value >= -INT64_MAX - 1n && value <= INT64_MAX ? value : null;
    });
  }

  #read<T>(name: string, message: string, parse: (text: string) => T | null | undefined): T | null {
    const text = this.text(name);
    if (text === null) return null;
    const value = parse(text) ?? null;
    if (value === null) this.#errors.add(name, message);
    return value;
  }
}
