import { ACTION_MAX_BYTES, HEADERS_MAX, JSON_MAX_DEPTH } from '../limits.ts';
import type { UrlGuardSettings } from '../limits.ts';
import { ActionRetryDto, NewActionDto, WebhookParams } from '../schemas/action.ts';
import type { Verb } from '../statuses.ts';
import { checkUrl } from '../url-guard.ts';
import { checkShape, compileShape, storageFault } from './check-shape.ts';
import { ErrorList } from './error-list.ts';
import type { Invalid } from './error-list.ts';
import { fieldPath } from './field-path.ts';
import { isDeeperThan, isJsonObject, stringifyJson } from './lossless-json.ts';
import type { Json, JsonObject } from './lossless-json.ts';
import { checkUserJson } from './user-json.ts';

/** A valid webhook call, ready to be stored. */
export type NewAction = {
  readonly url: string;
  readonly verb: Verb;
  /** JSON object text, as given. */
  readonly headers: string | null;
  /** Compact JSON text of the body, as given. */
  readonly body: string | null;
  /** How it is called again; what is null is left to the settings. */
  readonly retry: ActionRetry | null;
  /** Text that is equal for equal actions (the order of keys aside); made to be hashed. */
  readonly key: string;
};

type ActionRetry = { readonly maxAttempts: number | null; readonly backoffSecs: number | null };

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_VALUE = /^[\t\u0020-\u007e\u0080-\u00ff]*$/;
const FORBIDDEN_HEADERS = new Set([
  ...['content-length', 'transfer-encoding', 'trailer', 'connection', 'upgrade', 'expect'],
]);

const validateAction = compileShape<{ kind: 'Webhook' }>(NewActionDto);
const validateRetry = compileShape<ActionRetryDto>(ActionRetryDto);
const validateParams = compileShape<{ url: string; verb: Verb }>(WebhookParams);

function headerFault(name: string, value: Json): string | null {
  if (!HEADER_NAME.test(name)) return 'the name is not one that HTTP can carry';
  if (FORBIDDEN_HEADERS.has(name.toLowerCase())) return 'this header is set by ArcRun alone';
  if (typeof value !== 'string') return 'must be a string';
  const fault = storageFault(value);
  if (fault !== null) return fault;
  return HEADER_VALUE.test(value) ? null : 'the value is not one that HTTP can carry';
}

function checkHeaders(headers: JsonObject, field: string, errors: ErrorList): void {
  // `maxProperties` has listed the excess already.
  for (const name of Object.keys(headers).slice(0, HEADERS_MAX)) {
    const fault = headerFault(name, headers[name]!);
    if (fault !== null) errors.add(fieldPath(field, name), fault);
  }
}

/** Null when nothing is said, or when errors were listed. */
function readRetry(value: Json | undefined, field: string, errors: ErrorList): ActionRetry | null {
  // Anything but an object was listed by the shape.
  const dto = isJsonObject(value) ? checkShape(validateRetry, value, field, errors) : null;
  if (dto === null) return null;
  const retry = { maxAttempts: dto.max_attempts ?? null, backoffSecs: dto.backoff_secs ?? null };
  return retry.maxAttempts === null && retry.backoffSecs === null ? null : retry;
}

/** Checks the params of an action and makes it storable; null when an error was listed. */
function checkParams(
  params: JsonObject,
  retry: ActionRetry | null,
  field: string,
  errors: ErrorList,
  guard: UrlGuardSettings,
): NewAction | null {
  const before = errors.details.length;
  const shell = checkShape(validateParams, params, field, errors);
  const { url, body, headers } = params;
  if (typeof url === 'string' && url !== '') {
    const fault = checkUrl(url, guard);
    if (fault !== null) errors.add(fieldPath(field, 'url'), fault);
  }
  const hasHeaders = isJsonObject(headers);
  if (hasHeaders) checkHeaders(headers, fieldPath(field, 'headers'), errors);
  const bodyText =
    body === undefined || body === null ? null : checkUserJson(body, fieldPath(field, 'body'), errors);
  if (shell === null || errors.details.length > before) return null;

  const headersText = hasHeaders ? stringifyJson(headers) : null;
  const bytes = [shell.url, headersText, bodyText].reduce(
    (sum, part) => sum + Buffer.byteLength(part ?? ''),
    0,
  );
  if (bytes > ACTION_MAX_BYTES) {
    errors.add(field, `must be at most ${ACTION_MAX_BYTES} bytes in all`);
    return null;
  }
  const content = [shell.verb, shell.url, hasHeaders ? headers : null, body ?? null];
  // In the order in which keys were given: what is stored once comes back as each of its users gave it.
  const key = stringifyJson(retry === null ? content : [...content, retry.maxAttempts, retry.backoffSecs]);
  return { url: shell.url, verb: shell.verb, headers: headersText, body: bodyText, retry, key };
}

/** Stands for the place of an action, which differs from task to task, in its errors. */
const PLACE = '$';

/** What became of one action text: the action, or its errors relative to it. */
type Verdict = { readonly action: NewAction | null; readonly faults: readonly string[] };

/**
 * Checks the actions of one request. Equal texts are checked once: ten thousand tasks often share an action.
 */
export class ActionReader {
  readonly #guard: UrlGuardSettings;
  readonly #verdicts = new Map<string, Verdict>();

  constructor(guard: UrlGuardSettings) {
    this.#guard = guard;
  }

  /** @returns the action, or null when errors were listed */
  read(value: Json, field: string, errors: ErrorList): NewAction | null {
    const { action, faults } = this.#verdictOn(value);
    for (const fault of faults) errors.addLine(field + fault.slice(PLACE.length));
    return action;
  }

  #verdictOn(value: Json): Verdict {
    // The body is two levels down. What is deeper has no text to be found by; it is refused below.
    if (isDeeperThan(value, JSON_MAX_DEPTH + 2)) return this.#judge(value);
    const text = stringifyJson(value);
    const known = this.#verdicts.get(text);
    if (known !== undefined) return known;
    const verdict = this.#judge(value);
    this.#verdicts.set(text, verdict);
    return verdict;
  }

  #judge(value: Json): Verdict {
    const errors = new ErrorList();
    checkShape(validateAction, value, PLACE, errors);
    if (!isJsonObject(value) || !isJsonObject(value['params']))
      return { action: null, faults: errors.details };
    const retry = readRetry(value['retry'], `${PLACE}.retry`, errors);
    const action = checkParams(value['params'], retry, `${PLACE}.params`, errors, this.#guard);
    return { action: errors.isEmpty ? action : null, faults: errors.details };
  }
}

/**
 * Reads one action on its own, such as the answer of an `on_start` call that names the task's cancel action. Its
 * fields are written `action.params.url`.
 */
export function parseAction(
  value: Json,
  guard: UrlGuardSettings,
): { readonly ok: true; readonly action: NewAction } | Invalid {
  const errors = new ErrorList();
  const action = new ActionReader(guard).read(value, 'action', errors);
  return action === null ? { ok: false, details: errors.details } : { ok: true, action };
}
