import type { ReactElement } from 'react';
import type { BasicTask } from '../../../api/types.ts';
import { StatusBar, StatusLegend } from '../../../components/status.tsx';
import { TaskButtons } from '../actions/task-buttons.tsx';
import { countByStatus } from './count-by-status.ts';

interface GroupPanelProps {
  readonly kind: string;
  readonly members: readonly BasicTask[];
  /** Undefined: too many to be drawn one by one. */
  readonly onExpand: (() => void) | undefined;
  readonly onClose: () => void;
}

/** The chosen kind beside the graph. */
export function GroupPanel({ kind, members, onExpand, onClose }: GroupPanelProps): ReactElement {
  const counts = countByStatus(members);
  return (
    <aside className="panel" aria-label="The chosen kind">
      <div className="panel-head">
        <h2 className="long" title={kind}>
          {kind}
        </h2>
        <button className="button" data-look="plain" aria-label="Close" onClick={onClose}>
          ×
        </button>
      </div>
      <p className="faint">{members.length.toLocaleString()} tasks</p>
      <StatusBar counts={counts} total={members.length} />
      <StatusLegend counts={counts} />
      <TaskButtons tasks={members} />
      <button className="button" disabled={onExpand === undefined} onClick={onExpand}>
        Draw each task
      </button>
      {onExpand === undefined && (
        <p className="faint">These are too many to be drawn one by one; the table lists them.</p>
      )}
    </aside>
  );
}
