import type { ReactElement } from 'react';
import './occupancy.css';

/** How much of a limit is taken. */
export function Occupancy({ occupancy, limit }: { occupancy: number; limit: number }): ReactElement {
  const isFull = occupancy >= limit;
  return (
    <span className="occupancy">
      <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
        <rect className="occupancy-limit" width="100" height="10" />
        <rect
          data-status={isFull ? 'failure' : 'running'}
          width={Math.min(100, (100 * occupancy) / Math.max(1, limit))}
          height="10"
        />
      </svg>
      <span>
        {occupancy.toLocaleString()} of {limit.toLocaleString()}
      </span>
    </span>
  );
}
