import { isDeepStrictEqual } from 'node:util';
import type { Matcher, Task } from '@arcrun/client';
import { type Facts, isOk, type RequestOf, requestsOf, type TaskFacts } from './facts.ts';
import { mayBe, mustBe, type Moments } from './moments.ts';
import type { TaskPlan } from '../scenario/scenario.ts';

/** What a creation answers, and that exactly the duplicates were skipped. */
export function checkCreated(facts: Facts, moments: Moments): string[] {
  return facts.requests('create').flatMap((request) => {
    const plan = facts.history.scenario.batches.find(({ name }) => name === request.operation.batch)!;
    const answered = (request.body as Task[] | null) ?? [];
    const names = answered.map(({ name }) => name);
    const problems = checkDuplicates(plan.tasks, new Set(names), request, facts, moments);
    if (request.status !== (names.length > 0 ? 201 : 204)) problems.push(`it answered ${request.status}`);
    const inOrder = plan.tasks.map(({ name }) => name).filter((name) => names.includes(name));
    if (!isDeepStrictEqual(names, inOrder)) problems.push(`it answered ${names.join(', ')}`);
    const parentless = plan.tasks.filter(({ dependencies }) =>
      dependencies.every(({ name }) => !names.includes(name)),
    );
    for (const { name, status } of answered) {
      const expected = parentless.some((task) => task.name === name) ? 'Pending' : 'Waiting';
      if (status !== expected) problems.push(`${name} was created ${status}, not ${expected}`);
    }
    return problems.map((problem) => `the creation of ${plan.name}: ${problem}`);
  });
}

function checkDuplicates(
  plans: readonly TaskPlan[],
  created: ReadonlySet<string>,
  request: RequestOf<'create'>,
  facts: Facts,
  moments: Moments,
): string[] {
  const problems: string[] = [];
  const skipped = new Set<string>();
  // An earlier task of the request counts, as Waiting while it depends on one not found to be a duplicate.
  const earlier: { plan: TaskPlan; status: string }[] = [];
  for (const plan of plans) {
    const inRequest = plan.dedupe.some((matcher) =>
      earlier.some(
        (other) =>
          other.status === matcher.status &&
          isMatch(plan, matcher, other.plan.kind, [other.plan.metadata]) === 'sure',
      ),
    );
    const others = plan.dedupe.map((matcher) => findOthers(plan, matcher, request, facts, moments));
    if (created.has(plan.name)) {
      if (inRequest || others.includes('sure')) problems.push(`${plan.name} is a duplicate, but was created`);
      const waits = plan.dependencies.some(({ name }) => !skipped.has(name));
      earlier.push({ plan, status: waits ? 'Waiting' : 'Pending' });
    } else {
      if (!inRequest && others.every((found) => found === 'none'))
        problems.push(`${plan.name} is no duplicate, but was skipped`);
      skipped.add(plan.name);
    }
  }
  return problems;
}

type Certainty = 'sure' | 'possible' | 'none';

/** Whether a task of another batch was there that the matcher describes. */
function findOthers(
  plan: TaskPlan,
  matcher: Matcher,
  { sentMs, answeredMs, operation }: RequestOf<'create'>,
  facts: Facts,
  moments: Moments,
): Certainty {
  const range = { fromMs: sentMs, toMs: answeredMs };
  let found: Certainty = 'none';
  for (const other of facts.tasks) {
    if (other.batch.name === operation.batch) continue;
    const creation = moments.creation(other);
    const match = isMatch(plan, matcher, other.plan.kind, allMetadata(other));
    if (match === 'none' || creation.sentMs > answeredMs || !mayBe(other, matcher.status, moments, range))
      continue;
    const isSure =
      match === 'sure' && creation.answeredMs < sentMs && mustBe(other, matcher.status, moments, range);
    if (isSure) return 'sure';
    found = 'possible';
  }
  return found;
}

/** All metadata that a task may ever have had. */
function allMetadata(task: TaskFacts): TaskPlan['metadata'][] {
  const written = [...requestsOf(task.requests, 'change'), ...requestsOf(task.requests, 'report')]
    .filter(isOk)
    .map(({ operation }) => operation.changes.metadata)
    .filter((value) => value !== undefined);
  return [task.plan.metadata, ...written];
}

/** A field that the new task lacks makes the matcher not apply. */
function isMatch(
  plan: TaskPlan,
  { kind, fields }: Matcher,
  otherKind: string,
  metadata: readonly TaskPlan['metadata'][],
): Certainty {
  if (kind !== otherKind || fields.some((field) => plan.metadata?.[field] === undefined)) return 'none';
  const matches = metadata.filter((other) =>
    fields.every((field) => isDeepStrictEqual(other?.[field], plan.metadata?.[field])),
  );
  if (matches.length === 0) return 'none';
  return matches.length === metadata.length ? 'sure' : 'possible';
}
