import { Menu } from '@base-ui/react/menu';
import { type ReactElement, useState } from 'react';
import { stopBatch } from '../../../api/batches.ts';
import { countOpen } from '../../../components/statuses.ts';
import { useAction } from '../../../queries/use-action.ts';
import { confirm } from '../../../shell/confirm.tsx';
import type { BatchView } from '../feed/batch-feed.ts';
import { RerunDialog } from './rerun-dialog.tsx';
import { RulesDialog } from './rules-dialog.tsx';
import { useTaskActions } from './use-task-actions.ts';

/** What can be done to the whole batch. */
export function BatchMenu({ view }: { view: BatchView }): ReactElement {
  const { stats, tasks } = view;
  const [isEditing, setEditing] = useState(false);
  const [isRunningAgain, setRunningAgain] = useState(false);
  const { start } = useTaskActions();
  const stop = useAction(
    () => stopBatch(stats.batch_id),
    (stopped) => {
      const { already_terminal: ended, batch_id: _id, ...canceled } = stopped;
      const count = Object.values(canceled).reduce((sum, one) => sum + one, 0);
      return `The batch is stopped: ${count.toLocaleString()} canceled, ${ended.toLocaleString()} had ended`;
    },
  );
  const counts = stats.status_counts;
  const open = countOpen(counts);
  const mayPauseCount = counts.waiting + counts.pending;
  const askToStop = async (): Promise<void> => {
    const yes = await confirm({
      title: 'Stop the batch?',
      text: `Its ${open.toLocaleString()} unfinished tasks are canceled. What runs gets its cancel call; no on_failure is fired. This cannot be undone.`,
      verb: 'Stop the batch',
      isDangerous: true,
    });
    if (yes) stop.mutate();
  };
  if (open === 0 && stats.total_tasks > 0) {
    return (
      <>
        <button className="button" onClick={() => setRunningAgain(true)}>
          Run again …
        </button>
        <RerunDialog
          batchId={stats.batch_id}
          isOpen={isRunningAgain}
          onClose={() => setRunningAgain(false)}
        />
      </>
    );
  }
  return (
    <>
      <Menu.Root>
        <Menu.Trigger className="button" disabled={open === 0}>
          Actions <span aria-hidden>▾</span>
        </Menu.Trigger>
        <Menu.Portal>
          <Menu.Positioner sideOffset={4} align="end" className="menu-place">
            <Menu.Popup className="menu">
              <Menu.Item disabled={mayPauseCount === 0} onClick={() => void start('pause', tasks)}>
                Pause what has not started …
              </Menu.Item>
              <Menu.Item disabled={counts.paused === 0} onClick={() => void start('resume', tasks)}>
                Resume what is paused …
              </Menu.Item>
              <Menu.Item onClick={() => setEditing(true)}>Edit the rules …</Menu.Item>
              <Menu.Item data-look="danger" onClick={() => void askToStop()}>
                Stop the batch …
              </Menu.Item>
            </Menu.Popup>
          </Menu.Positioner>
        </Menu.Portal>
      </Menu.Root>
      <RulesDialog
        batchId={stats.batch_id}
        tasks={tasks}
        isOpen={isEditing}
        onClose={() => setEditing(false)}
      />
    </>
  );
}
