import { ApiError } from '../../../api/request.ts';
import { cancelTask, pauseTask, resumeTask } from '../../../api/tasks.ts';
import type { BasicTask } from '../../../api/types.ts';
import { mayCancel, mayPause, mayResume } from '../../../components/statuses.ts';

/** What can be done to tasks, alone or many at once. */
export const TASK_ACTIONS = {
  cancel: {
    verb: 'Cancel',
    done: 'canceled',
    may: mayCancel,
    act: cancelTask,
    isDangerous: true,
    consequence:
      'Their children that require them fail, and parents that nobody else needs are canceled. This cannot be undone.',
  },
  pause: {
    verb: 'Pause',
    done: 'paused',
    may: mayPause,
    act: pauseTask,
    isDangerous: false,
    consequence: 'They are not started until they are resumed, and their batch does not end before.',
  },
  resume: {
    verb: 'Resume',
    done: 'resumed',
    may: mayResume,
    act: resumeTask,
    isDangerous: false,
    consequence: 'They go on by what their parents and rules say at that moment.',
  },
} as const;

export type TaskActionName = keyof typeof TASK_ACTIONS;

export interface TasksResult {
  readonly done: number;
  /** The tasks were in another state by then. */
  readonly refused: number;
}

const AT_ONCE = 6;

/**
 * Does it to each task, a few at a time. A task that is in another state by now is counted and left alone.
 *
 * @param onProgress is told how many are through
 */
export async function actOnTasks(
  name: TaskActionName,
  tasks: readonly BasicTask[],
  onProgress: (count: number) => void = () => undefined,
): Promise<TasksResult> {
  const { act } = TASK_ACTIONS[name];
  const queue = tasks.values();
  let done = 0;
  let refused = 0;
  const work = async (): Promise<void> => {
    for (const { id } of queue) {
      try {
        await act(id);
        done++;
      } catch (error) {
        // 400: the wrong state; 404: gone with its batch.
        if (!(error instanceof ApiError) || error.status >= 500) throw error;
        refused++;
      }
      onProgress(done + refused);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, tasks.length) }, work));
  return { done, refused };
}
