import type { Rule } from '@arcrun/client';
import type { Chance } from './chance.ts';

const running = (kind: string, fields: string[]) => ({ status: 'Running' as const, kind, fields });

/** How the tasks of a scenario are held back; most scenarios keep to one. */
export interface RuleStyle {
  readonly rulesOf: (kind: string, chance: Chance) => Rule[];
  /** Whether tasks may wait for ever, so that the scenario has to lift the rules at its end. */
  readonly mayBlock: boolean;
  readonly needsExpectedCount: boolean;
}

const FREE: RuleStyle = { rulesOf: () => [], mayBlock: false, needsExpectedCount: false };

export function chooseRuleStyle(kinds: readonly string[], chance: Chance): RuleStyle {
  const limit = chance.small(1, 3);
  const wider = limit + chance.between(0, 2);
  const capacity = chance.between(1, 12);
  const other = chance.pick(kinds);
  const ownKind = (kind: string, fields: string[], max = limit): Rule => ({
    type: 'Concurency',
    max_concurency: max,
    matcher: running(kind, fields),
  });
  switch (chance.between(0, 9)) {
    case 0:
    case 1:
      return { ...FREE, rulesOf: (kind) => [ownKind(kind, [])] };
    case 2:
    case 3:
      // Overlapping: some per tenant, a few more for all of the kind.
      return { ...FREE, rulesOf: (kind) => [ownKind(kind, ['tenant']), ownKind(kind, [], wider)] };
    case 4:
      // Limits that differ from task to task on the same key.
      return { ...FREE, rulesOf: (kind, each) => [ownKind(kind, ['tenant'], each.between(1, 3))] };
    case 5:
      return {
        ...FREE,
        needsExpectedCount: true,
        rulesOf: (kind, each) => [
          { type: 'Capacity', max_capacity: capacity, matcher: running(kind, each.pick([[], ['tenant']])) },
        ],
      };
    case 6:
      // By what runs of another kind, that has rules of its own or none.
      return {
        ...FREE,
        rulesOf: (kind, each) => [
          ...(kind === other
            ? []
            : [
                {
                  type: 'Concurency' as const,
                  max_concurency: limit - 1,
                  matcher: running(other, each.pick([[], ['tenant']])),
                },
              ]),
          ...(each.oneIn(2) ? [ownKind(kind, ['tenant'])] : []),
        ],
      };
    case 7:
      return { ...FREE, mayBlock: true, rulesOf: (kind, each) => [byOtherStatus(kind, kinds, each)] };
    default:
      return FREE;
  }
}

/** A rule about tasks that wait or have ended, or that asks for a field which some tasks lack. */
function byOtherStatus(kind: string, kinds: readonly string[], chance: Chance): Rule {
  const matcher = {
    status: chance.pick(['Waiting', 'Paused', 'Success', 'Failure', 'Canceled', 'Running'] as const),
    kind: chance.pick(kinds),
    fields: chance.pick([[], ['tenant'], ['rare']]),
  };
  const least = matcher.kind === kind ? 1 : 0;
  return { type: 'Concurency', max_concurency: chance.between(least, 3), matcher };
}
