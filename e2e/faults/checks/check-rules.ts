import { CAPACITY_OF_TENANT, LIMIT_OF_TENANT, type PlannedTask } from '../workload/plan.ts';
import type { Facts } from './facts.ts';

/** The time in which a task surely held its places. */
interface Hold {
  readonly name: string;
  readonly task: PlannedTask;
  readonly fromMs: number;
  readonly toMs: number;
  /** When each of its additions was sent. */
  readonly additionsMs: readonly number[];
}

/**
 * No rule was exceeded at any instant. In each of its attempts a task holds its places from the arrival of its last
 * on_start (what was handed back gave them back) until the request that ends it is sent. Of one that was canceled
 * meanwhile nobody outside knows how long it did.
 */
export function checkRules({ history, rows }: Facts): string[] {
  const sent = Map.groupBy(history.attempts, ({ subject }) => subject);
  const starts = Map.groupBy(history.starts, ({ taskId }) => taskId);
  const holds = history.batches.flatMap(({ plan, taskIds }) =>
    plan.tasks.flatMap((task): Hold[] => {
      const id = taskIds.get(task.name)!;
      if (rows.get(id)?.status === 'Canceled') return [];
      const calls = Map.groupBy(starts.get(id) ?? [], ({ attempt }) => attempt);
      return [...calls].flatMap(([attempt, own]) => {
        const call = own.at(-1)!;
        const requests = (sent.get(id) ?? []).filter((request) => request.attempt === attempt);
        const end = requests.find(({ what }) => what === 'end');
        if (end === undefined || call.arrivedMs > end.sentMs) return [];
        const additionsMs = requests.filter(({ what }) => what === 'add').map(({ sentMs }) => sentMs);
        const name = `${plan.name}/${task.name}`;
        return [{ name, task, fromMs: call.arrivedMs, toMs: end.sentMs, additionsMs }];
      });
    }),
  );
  const groups = Map.groupBy(holds, ({ task }) => `${task.kind} ${task.tenant}`);
  return [...groups.values()].flatMap((group) =>
    group.flatMap(({ name, fromMs }) => {
      const atWork = group.filter((one) => one.fromMs <= fromMs && one.toMs > fromMs);
      return checkInstant(atWork, fromMs).map((problem) => `when ${name} was called, ${problem}`);
    }),
  );
}

/** @param atWork what is at work at that instant, all of one kind and tenant */
function checkInstant(atWork: readonly Hold[], atMs: number): string[] {
  switch (atWork[0]?.task.kind) {
    case 'limited':
      return atWork.length > LIMIT_OF_TENANT ? [`${atWork.length} of its tenant were at work`] : [];
    case 'measured': {
      // Whichever was claimed last found less than the limit in the others, and they have less left now than then.
      const left = atWork.map((hold) => leftOf(hold, atMs));
      const least = left.reduce((sum, one) => sum + one, 0) - Math.max(0, ...left);
      return least >= CAPACITY_OF_TENANT ? [`${least} of work was left in all but one of its tenant`] : [];
    }
    case 'free':
    case undefined:
      return [];
  }
}

/** At least so much work: what was sent may have been counted already. */
const leftOf = ({ task, additionsMs }: Hold, atMs: number): number =>
  Math.max(0, task.additions - additionsMs.filter((ms) => ms <= atMs).length);
