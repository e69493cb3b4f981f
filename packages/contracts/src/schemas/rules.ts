import { Type } from 'typebox';
import type { Static } from 'typebox';
import { INT32_MAX, KIND_MAX_LENGTH, MATCHER_FIELDS_MAX, RULES_MAX } from '../limits.ts';
import { TASK_STATUSES } from '../statuses.ts';
import { oneOf, optional, text, uuid } from './building-blocks.ts';

export const Matcher = Type.Object(
  {
    status: oneOf(TASK_STATUSES),
    kind: text(KIND_MAX_LENGTH, 'The kind of the tasks that are counted'),
    fields: Type.Array(Type.String(), {
      maxItems: MATCHER_FIELDS_MAX,
      description: 'Top-level names in the metadata whose values must be equal',
    }),
  },
  { description: 'Which tasks a rule counts. "Running" counts Claimed and Running tasks' },
);
export type Matcher = Static<typeof Matcher>;

const places = Type.Integer({ minimum: 0, maximum: INT32_MAX });
const work = Type.Integer({ minimum: 1, maximum: INT32_MAX });

/** Input takes both spellings, so none of the two is required by the schema itself. */
export const NewConcurencyRule = Type.Object({
  type: oneOf(['Concurency', 'Concurrency']),
  max_concurency: optional(places, {
    description: 'At least 1; 0 when the matcher has another kind than the task',
  }),
  max_concurrency: optional(places, { description: 'The other spelling of max_concurency' }),
  matcher: Matcher,
});

export const CapacityRule = Type.Object({
  type: oneOf(['Capacity']),
  max_capacity: work,
  matcher: Matcher,
});

export const ConcurencyRule = Type.Object({
  type: oneOf(['Concurency']),
  max_concurency: places,
  matcher: Matcher,
});

/** Tells the alternatives apart for generated clients, by the names of the schemas in the document. */
function discriminator(schemaNames: { readonly [type: string]: string }): object {
  const mapping = Object.fromEntries(
    Object.entries(schemaNames).map(([type, name]) => [type, `#/components/schemas/${name}`]),
  );
  return { discriminator: { propertyName: 'type', mapping } };
}

export type NewRuleDto = Static<typeof NewConcurencyRule> | Static<typeof CapacityRule>;
export const NewRuleDto = Type.Unsafe<NewRuleDto>({
  ...discriminator({
    Concurency: 'NewConcurencyRule',
    Concurrency: 'NewConcurencyRule',
    Capacity: 'CapacityRule',
  }),
  type: 'object',
  required: ['type'],
  oneOf: [NewConcurencyRule, CapacityRule],
});

export type RuleDto = Static<typeof ConcurencyRule> | Static<typeof CapacityRule>;
export const RuleDto = Type.Unsafe<RuleDto>({
  ...discriminator({ Concurency: 'ConcurencyRule', Capacity: 'CapacityRule' }),
  type: 'object',
  required: ['type'],
  oneOf: [ConcurencyRule, CapacityRule],
});

export const UpdateBatchRulesDto = Type.Object({
  kind: text(KIND_MAX_LENGTH, 'Exactly this kind'),
  rules: Type.Array(NewRuleDto, {
    maxItems: RULES_MAX,
    description: 'The rules from now on; [] removes them',
  }),
});
export type UpdateBatchRulesDto = Static<typeof UpdateBatchRulesDto>;

export const UpdateBatchRulesResponseDto = Type.Object({
  batch_id: uuid('The batch'),
  kind: Type.String(),
  updated_count: Type.Integer({ minimum: 0 }),
});
export type UpdateBatchRulesResponseDto = Static<typeof UpdateBatchRulesResponseDto>;
