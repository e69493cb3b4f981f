import { memo, type ReactElement } from 'react';
import type { KindRow } from './timeline-rows.ts';

const HEIGHT = 40;

/** How many tasks of a kind run (above the line) and wait (below it) at each moment. */
export const KindPlot = memo(function KindPlot({
  row: { kind, waiting, running },
  highest,
}: {
  readonly row: KindRow;
  readonly highest: number;
}): ReactElement {
  const most = Math.max(...running);
  return (
    <svg
      className="kind-plot"
      viewBox={`0 0 ${running.length} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`${kind}: at most ${most} running and ${Math.max(...waiting)} waiting at once`}
    >
      <path className="plot-running" d={area(running, highest, HEIGHT / 2, -1)} />
      <path className="plot-waiting" d={area(waiting, highest, HEIGHT / 2, 1)} />
      <line x1="0" x2={running.length} y1={HEIGHT / 2} y2={HEIGHT / 2} />
    </svg>
  );
});

/** Steps from the middle line; the root, so that one task is seen beside a thousand. */
function area(counts: readonly number[], highest: number, middle: number, way: 1 | -1): string {
  const parts = [`M0 ${middle}`];
  counts.forEach((count, step) => {
    const y = middle + way * (middle - 1) * Math.sqrt(count / highest);
    parts.push(`L${step} ${y.toFixed(1)}L${step + 1} ${y.toFixed(1)}`);
  });
  return `${parts.join('')}L${counts.length} ${middle}Z`;
}
