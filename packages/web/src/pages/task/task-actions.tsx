import { type ReactElement, useMemo } from 'react';
import { cancelTask, pauseTask, resumeTask } from '../../api/tasks.ts';
import type { Task } from '../../api/types.ts';
import { mayCancel, mayPause, mayResume } from '../../components/statuses.ts';
import { useAction } from '../../queries/use-action.ts';
import { type Command, useCommands } from '../../shell/commands.ts';
import { confirm } from '../../shell/confirm.tsx';

/** What can be done to a task; each is asked for first. */
export function TaskActions({ task }: { task: Task }): ReactElement {
  const { mutate: cancel, isPending: cancels } = useAction(cancelTask, () => 'The task is canceled');
  const { mutate: pause, isPending: pauses } = useAction(pauseTask, () => 'The task is paused');
  const { mutate: resume, isPending: resumes } = useAction(resumeTask, () => 'The task is resumed');
  const { id, name, status } = task;
  const offered = useMemo(
    () => [
      {
        title: 'Pause',
        key: 'p',
        isPossible: mayPause(status),
        look: undefined,
        text: `“${name}” does not start until it is resumed. Its parents go on; when a required one fails, it fails too.`,
        run: () => pause(id),
      },
      {
        title: 'Resume',
        key: 'r',
        isPossible: mayResume(status),
        look: 'primary' as const,
        text: `“${name}” keeps its place, and starts when its parents, its rules and a worker allow it.`,
        run: () => resume(id),
      },
      {
        title: 'Cancel',
        key: 'c',
        isPossible: mayCancel(status),
        look: 'danger' as const,
        text: `“${name}” is canceled for good. Tasks that require it fail, and so do those that require them; unfinished tasks that only it needed are canceled too. If it is at work, its cancel action is called.`,
        run: () => cancel(id),
      },
    ],
    [cancel, pause, resume, id, name, status],
  );
  const ask = async ({ title, text, look, run }: (typeof offered)[number]): Promise<void> => {
    const verb = `${title} the task`;
    if (await confirm({ title: `${verb}?`, text, verb, isDangerous: look === 'danger' })) run();
  };
  useCommands(
    useMemo<readonly Command[]>(
      () =>
        offered
          .filter(({ isPossible }) => isPossible)
          .map((each) => ({ title: `${each.title} this task`, key: each.key, run: () => void ask(each) })),
      [offered],
    ),
  );
  return (
    <div className="row">
      {offered
        .filter(({ isPossible }) => isPossible)
        .map((each) => (
          <button
            key={each.title}
            className="button"
            {...(each.look === 'primary' ? { 'data-look': each.look } : {})}
            disabled={cancels || pauses || resumes}
            onClick={() => void ask(each)}
          >
            {each.title}
          </button>
        ))}
    </div>
  );
}
