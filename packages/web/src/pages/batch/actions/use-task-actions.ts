import type { BasicTask } from '../../../api/types.ts';
import { useAction } from '../../../queries/use-action.ts';
import { confirm } from '../../../shell/confirm.tsx';
import { progressToast } from '../../../shell/toasts.tsx';
import { actOnTasks, TASK_ACTIONS, type TaskActionName, type TasksResult } from './act-on-tasks.ts';

interface Order {
  readonly name: TaskActionName;
  readonly tasks: readonly BasicTask[];
}

export interface TaskActions {
  /** Asks first, then does it to those of the tasks that are in the right state. */
  readonly start: (name: TaskActionName, tasks: readonly BasicTask[]) => Promise<void>;
  readonly isBusy: boolean;
}

const countTasks = (count: number): string => (count === 1 ? '1 task' : `${count.toLocaleString()} tasks`);

const TOLD_ABOVE = 50;
const TOLD_EACH = 25;

/** Many take their time, so it is told how far it is. */
async function actAndTell(name: TaskActionName, tasks: readonly BasicTask[]): Promise<TasksResult> {
  if (tasks.length <= TOLD_ABOVE) return actOnTasks(name, tasks);
  const say = (count: number): string =>
    `${count.toLocaleString()} of ${countTasks(tasks.length)} ${TASK_ACTIONS[name].done} …`;
  const { update, close } = progressToast(say(0));
  try {
    return await actOnTasks(name, tasks, (count) => {
      if (count % TOLD_EACH === 0) update(say(count));
    });
  } finally {
    close();
  }
}

export function useTaskActions(): TaskActions {
  const action = useAction(
    ({ name, tasks }: Order) => actAndTell(name, tasks),
    ({ done, refused }, { name }) =>
      `${countTasks(done)} ${TASK_ACTIONS[name].done}` +
      (refused === 0 ? '' : `; ${countTasks(refused)} had moved on meanwhile`),
  );
  return {
    isBusy: action.isPending,
    start: async (name, tasks) => {
      const { verb, may, consequence, isDangerous } = TASK_ACTIONS[name];
      const fitting = tasks.filter(({ status }) => may(status));
      const what = fitting.length === 1 ? `“${fitting[0]!.name}”` : countTasks(fitting.length);
      const left = tasks.length - fitting.length;
      const yes = await confirm({
        title: `${verb} ${what}?`,
        text: `${consequence}${left === 0 ? '' : ` ${countTasks(left)} of the selection cannot be ${TASK_ACTIONS[name].done} in the state they are in.`}`,
        verb,
        isDangerous,
      });
      if (yes) action.mutate({ name, tasks: fitting });
    },
  };
}
