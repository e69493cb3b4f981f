import type { ReactElement } from 'react';
import type { BatchView } from '../feed/batch-feed.ts';

export default function TableTab({ view }: { view: BatchView }): ReactElement {
  return <p>{view.tasks.length}</p>;
}
