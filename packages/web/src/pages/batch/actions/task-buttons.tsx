import type { ReactElement } from 'react';
import type { BasicTask } from '../../../api/types.ts';
import { TASK_ACTIONS, type TaskActionName } from './act-on-tasks.ts';
import { useTaskActions } from './use-task-actions.ts';

const NAMES = Object.keys(TASK_ACTIONS) as TaskActionName[];

/** What can be done to these tasks now. */
export function TaskButtons({ tasks }: { tasks: readonly BasicTask[] }): ReactElement {
  const { start, isBusy } = useTaskActions();
  return (
    <div className="row">
      {NAMES.map((name) => {
        const { verb, may } = TASK_ACTIONS[name];
        const count = tasks.filter(({ status }) => may(status)).length;
        return (
          <button
            key={name}
            className="button"
            disabled={count === 0 || isBusy}
            onClick={() => void start(name, tasks)}
          >
            {verb}
            {tasks.length > 1 && ` ${count.toLocaleString()}`}
          </button>
        );
      })}
    </div>
  );
}
