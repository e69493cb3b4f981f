import { isDeepStrictEqual } from 'node:util';
import type { Facts } from './facts.ts';

/** What the API says of batches at the end: counts and sums, and the graph. */
export function checkBatches({ history, tasks }: Facts): string[] {
  return history.scenario.batches.flatMap(({ name }) => {
    const own = tasks.filter(({ batch }) => batch.name === name);
    const count = (status: string): number => own.filter(({ final }) => final.status === status).length;
    const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
    const expected = own.map(({ final }) => final.expected_count);
    const stats = {
      batch_id: history.batchIds.get(name),
      total_tasks: own.length,
      total_success: sum(own.map(({ final }) => final.success)),
      total_failures: sum(own.map(({ final }) => final.failures)),
      total_expected: expected.includes(null) ? null : sum(expected as number[]),
      status_counts: {
        ...{ waiting: 0, pending: 0, claimed: 0, running: 0, paused: 0 },
        ...{ success: count('Success'), failure: count('Failure'), canceled: count('Canceled') },
      },
      rerun_of: null,
      reruns: [],
    };
    const said = history.final.stats.get(name)!;
    const dag = history.final.dags.get(name)!;
    const links = own.flatMap((child) =>
      child.parents.map(({ task: parent, requiresSuccess }) => `${parent.id} ${child.id} ${requiresSuccess}`),
    );
    const saidLinks = dag.links.map((link) => `${link.parent_id} ${link.child_id} ${link.requires_success}`);
    return [
      ...(isDeepStrictEqual({ ...said }, stats)
        ? []
        : [`batch ${name} says ${JSON.stringify(said)}, not ${JSON.stringify(stats)}`]),
      ...(isDeepStrictEqual(saidLinks.toSorted(), links.toSorted()) ? [] : [`batch ${name} has other links`]),
      ...(isDeepStrictEqual(dag.tasks.map(({ id }) => id).toSorted(), own.map(({ id }) => id).toSorted())
        ? []
        : [`the graph of batch ${name} has other tasks`]),
    ];
  });
}
