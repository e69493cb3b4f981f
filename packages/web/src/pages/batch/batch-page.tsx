import type { ReactElement } from 'react';
import type { BatchTab } from '../../router/routes.ts';

export default function BatchPage({ batchId, tab }: { batchId: string; tab: BatchTab }): ReactElement {
  return (
    <h1>
      Batch <code>{batchId}</code> {tab}
    </h1>
  );
}
