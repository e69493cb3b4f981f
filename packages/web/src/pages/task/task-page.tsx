import type { ReactElement } from 'react';
import { Loaded } from '../../components/page-states.tsx';
import { StatusLabel } from '../../components/status.tsx';
import { useTask } from '../../queries/use-task.ts';

export default function TaskPage({ taskId }: { taskId: string }): ReactElement {
  return (
    <Loaded query={useTask(taskId)} what="the task">
      {(task) => (
        <>
          <h1>{task.name}</h1>
          <StatusLabel status={task.status} />
        </>
      )}
    </Loaded>
  );
}
