import { MATCHERS_MAX, MATCHER_FIELDS_MAX, RULES_MAX } from '../limits.ts';
import { CapacityRule, Matcher, NewConcurencyRule, UpdateBatchRulesDto } from '../schemas/rules.ts';
import type { RuleDto } from '../schemas/rules.ts';
import { checkShape, checkStorable, compileShape } from './check-shape.ts';
import { ErrorList } from './error-list.ts';
import type { Invalid } from './error-list.ts';
import { fieldPath } from './field-path.ts';
import { isJsonObject } from './lossless-json.ts';
import type { Json, JsonObject } from './lossless-json.ts';

const validateMatcher = compileShape<Matcher>(Matcher);
type ConcurencyShell = { max_concurency?: number | null; max_concurrency?: number | null };
const validateConcurency = compileShape<ConcurencyShell>(NewConcurencyRule);
const validateCapacity = compileShape<{ max_capacity: number }>(CapacityRule);
const validateUpdate = compileShape<{ kind: string }>(UpdateBatchRulesDto);

/** What the carrier of a rule says about itself, as far as it bounds the rule. */
export type RuleCarrier = {
  /** The carrier's own kind; null when it is not a valid one, then bounds that hang on it are not checked. */
  readonly kind: string | null;
  /** Whether the carrier is known to have no `expected_count`. */
  readonly lacksExpectedCount: boolean;
};

/** @returns the matcher with nothing but its own fields, or null when errors were listed */
function readMatcher(value: Json, field: string, errors: ErrorList): Matcher | null {
  const before = errors.details.length;
  const shell = checkShape(validateMatcher, value, field, errors);
  if (!isJsonObject(value)) return null;
  const { kind, fields } = value;
  if (typeof kind === 'string') checkStorable(kind, fieldPath(field, 'kind'), errors);
  if (Array.isArray(fields) && fields.length <= MATCHER_FIELDS_MAX) {
    const place = fieldPath(field, 'fields');
    for (const [i, name] of fields.entries()) {
      if (typeof name !== 'string') errors.add(fieldPath(place, i), 'must be a string');
      else checkStorable(name, fieldPath(place, i), errors);
    }
  }
  if (shell === null || errors.details.length > before) return null;
  return { status: shell.status, kind: shell.kind, fields: shell.fields };
}

/** Anything but an object was listed by the shape of the rule. */
function readMatcherOf({ matcher }: JsonObject, field: string, errors: ErrorList): Matcher | null {
  return isJsonObject(matcher) ? readMatcher(matcher, `${field}.matcher`, errors) : null;
}

function readConcurency(
  rule: JsonObject,
  field: string,
  carrier: RuleCarrier,
  errors: ErrorList,
): RuleDto | null {
  const before = errors.details.length;
  const shell = checkShape(validateConcurency, rule, field, errors);
  const limit = shell?.max_concurency ?? shell?.max_concurrency ?? null;
  const isLimitGiven = (rule['max_concurency'] ?? rule['max_concurrency']) != null;
  const matcher = readMatcherOf(rule, field, errors);
  if (!isLimitGiven) {
    errors.add(fieldPath(field, 'max_concurency'), 'is required');
  } else if (limit === 0 && matcher !== null && matcher.kind === carrier.kind) {
    errors.add(
      fieldPath(field, 'max_concurency'),
      "must be at least 1 when the matcher's kind is the task's own",
    );
  }
  if (limit === null || matcher === null || errors.details.length > before) return null;
  return { type: 'Concurency', max_concurency: limit, matcher };
}

function readCapacity(
  rule: JsonObject,
  field: string,
  carrier: RuleCarrier,
  errors: ErrorList,
): RuleDto | null {
  const before = errors.details.length;
  const shell = checkShape(validateCapacity, rule, field, errors);
  const matcher = readMatcherOf(rule, field, errors);
  if (matcher !== null && matcher.status !== 'Running') {
    errors.add(`${field}.matcher.status`, 'must be Running in a Capacity rule');
  }
  if (carrier.lacksExpectedCount) errors.add(field, 'a Capacity rule needs expected_count on the task');
  if (shell === null || matcher === null || errors.details.length > before) return null;
  return { type: 'Capacity', max_capacity: shell.max_capacity, matcher };
}

/**
 * @returns the rule as it is stored and answered (the contract's spelling), or null when errors were listed
 */
function readRule(value: Json, field: string, carrier: RuleCarrier, errors: ErrorList): RuleDto | null {
  if (!isJsonObject(value)) {
    errors.add(field, 'must be an object');
    return null;
  }
  const { type } = value;
  if (type === 'Concurency' || type === 'Concurrency') return readConcurency(value, field, carrier, errors);
  if (type === 'Capacity') return readCapacity(value, field, carrier, errors);
  errors.add(fieldPath(field, 'type'), type == null ? 'is required' : 'must be one of Concurency, Capacity');
  return null;
}

/** Reads a list whose length the shape has checked already: a longer or absent one has no elements to look at. */
function readList<T>(
  value: Json | undefined,
  field: string,
  max: number,
  read: (item: Json, field: string) => T | null,
): T[] {
  if (!Array.isArray(value) || value.length > max) return [];
  const list: T[] = [];
  for (const [i, item] of value.entries()) {
    const result = read(item, fieldPath(field, i));
    if (result !== null) list.push(result);
  }
  return list;
}

export function readRules(
  value: Json | undefined,
  field: string,
  carrier: RuleCarrier,
  errors: ErrorList,
): RuleDto[] {
  return readList(value, field, RULES_MAX, (item, place) => readRule(item, place, carrier, errors));
}

export function readMatchers(value: Json | undefined, field: string, errors: ErrorList): Matcher[] {
  return readList(value, field, MATCHERS_MAX, (item, place) => readMatcher(item, place, errors));
}

/** The rules that tasks of one kind get from now on. */
export type BatchRules = { readonly kind: string; readonly rules: RuleDto[] };

/** Reads the body of `PATCH /batch/{id}/rules`. */
export function parseBatchRules(value: Json): { readonly ok: true; readonly rules: BatchRules } | Invalid {
  const errors = new ErrorList();
  const shell = checkShape(validateUpdate, value, '', errors);
  if (!isJsonObject(value)) return { ok: false, details: errors.details };
  const kind = typeof value['kind'] === 'string' ? value['kind'] : null;
  if (kind !== null) checkStorable(kind, 'kind', errors);
  const rules = readRules(value['rules'], 'rules', { kind, lacksExpectedCount: false }, errors);
  if (shell === null || !errors.isEmpty) return { ok: false, details: errors.details };
  return { ok: true, rules: { kind: shell.kind, rules } };
}
