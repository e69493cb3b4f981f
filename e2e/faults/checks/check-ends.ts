import { allowedEnds } from '../workload/allowed-ends.ts';
import { isDone } from '../workload/history.ts';
import type { Facts } from './facts.ts';

/** Every task ended, as it may; every batch that was answered is there, and no batch twice. */
export function checkEnds({ history, rows, batchIds }: Facts): string[] {
  const known = new Set(history.batches.map(({ id }) => id));
  return [
    ...history.batches.flatMap(({ plan, taskIds }) => {
      const allowed = allowedEnds(plan);
      return [...taskIds].flatMap(([name, id]) => {
        const row = rows.get(id);
        if (row === undefined) return [`${plan.name}/${name} was answered, but is not there`];
        const isAllowed = (allowed.get(name) as ReadonlySet<string>).has(row.status);
        return isAllowed ? [] : [`${plan.name}/${name} is ${row.status} (${row.reason ?? 'no reason'})`];
      });
    }),
    ...[...batchIds].filter((id) => !known.has(id)).map((id) => `batch ${id} was created for nobody`),
  ];
}

/** What was answered is durable: ends, and counters within what was answered and what was sent. */
export function checkDurable({ history, rows }: Facts): string[] {
  const bySubject = Map.groupBy(history.attempts, ({ subject }) => subject);
  return [...rows.values()].flatMap((row) => {
    const attempts = bySubject.get(row.id) ?? [];
    // Each attempt counts from 0.
    const additions = attempts.filter(({ what, attempt }) => what === 'add' && attempt === row.attempt);
    const sent = additions.length;
    // What comes after the end is answered, and dropped; only the client's own end comes after its additions.
    const isOwnEnd = row.status === 'Success' || row.reason === 'as planned';
    const answered = isOwnEnd ? additions.filter(isDone).length : 0;
    const problems: string[] = [];
    if (row.success < answered || row.success > sent)
      problems.push(`counts ${row.success}, of which ${answered} were answered and ${sent} sent`);
    const ends = attempts.filter(({ what, attempt }) => what === 'end' && attempt === row.attempt);
    if (ends.some(({ isRetried }) => isRetried)) problems.push('was to be tried again, and was not');
    if (ends.some(isDone) && row.reason !== null && row.reason !== 'as planned')
      problems.push(`was reported and answered, but ended otherwise: ${row.reason}`);
    if (ends.some(({ status }) => status === 409) && isOwnEnd)
      problems.push(`was reported and refused, but is ${row.status}`);
    return problems.map((problem) => `${row.batchId}/${row.name} ${problem}`);
  });
}
