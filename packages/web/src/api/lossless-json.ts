/** A number that JavaScript would change, as the digits that it came with. */
export class NumberText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }

  /** Only for `JSON.stringify` without `writeJson`: better quoted than wrong. */
  toJSON(): string {
    return this.text;
  }
}

interface Context {
  readonly source?: string;
}

type Parse = (text: string, reviver: (key: string, value: unknown, context?: Context) => unknown) => unknown;
interface RawJson {
  readonly rawJSON?: (text: string) => unknown;
}

/** Only a text with that many digits in a row may hold a number that loses some. */
const LONG_NUMBER = /\d{16}|\d\.\d{15}/;

/**
 * Reads JSON; integers beyond 2^53 and decimals with more digits than a double become `NumberText`. Browsers that do
 * not tell a number's source read them as `JSON.parse` does.
 */
export function readJson(text: string): unknown {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text);
  return (JSON.parse as Parse)(text, (_key, value, context) => {
    const source = context?.source;
    return typeof value === 'number' && source !== undefined && isChanged(value, source)
      ? new NumberText(source)
      : value;
  });
}

/** Writes JSON, with the digits of each `NumberText`. */
export function writeJson(value: unknown, indent?: number): string {
  const raw = (JSON as RawJson).rawJSON;
  // toJSON runs before a replacer sees the value, so the holder is asked.
  const replace = function (this: Record<string, unknown>, key: string, given: unknown): unknown {
    const own = this[key];
    return own instanceof NumberText && raw !== undefined ? raw(own.text) : given;
  };
  return JSON.stringify(value, replace, indent) ?? 'null';
}

function isChanged(value: number, source: string): boolean {
  if (!Number.isFinite(value)) return true;
  if (/^-?\d+$/.test(source)) return !Number.isSafeInteger(value);
  const digits = source.replace(/e.*$/i, '').replace(/[^\d]/g, '').replace(/^0+/, '');
  return digits.length > 15 && String(value) !== source;
}
