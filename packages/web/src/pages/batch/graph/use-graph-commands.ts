import { type RefObject, useMemo } from 'react';
import { type Command, useCommands } from '../../../shell/commands.ts';
import type { GraphCanvas } from './graph-canvas.ts';
import { choose, type GraphOptions, groupAll, showCritical } from './graph-options.ts';

const PAN_PX = 60;

/** What keys and the palette do with the graph. */
export function useGraphCommands(
  canvas: GraphCanvas | undefined,
  search: RefObject<HTMLInputElement | null>,
  { isCriticalShown, grouping }: GraphOptions,
): void {
  useCommands(
    useMemo<readonly Command[]>(
      () => [
        { title: 'Find a task in the graph', key: '/', run: () => search.current?.focus() },
        { title: 'Fit the graph into the window', key: 'f', run: () => canvas?.fit() },
        { title: 'Nearer', key: '+', run: () => canvas?.zoomBy(1) },
        { title: 'Farther', key: '-', run: () => canvas?.zoomBy(-1) },
        { title: 'Move left', key: 'ArrowLeft', run: () => canvas?.panBy(PAN_PX, 0) },
        { title: 'Move right', key: 'ArrowRight', run: () => canvas?.panBy(-PAN_PX, 0) },
        { title: 'Move up', key: 'ArrowUp', run: () => canvas?.panBy(0, PAN_PX) },
        { title: 'Move down', key: 'ArrowDown', run: () => canvas?.panBy(0, -PAN_PX) },
        { title: 'Show the critical path, or not', key: 'c', run: () => showCritical(!isCriticalShown) },
        { title: 'Group by kind, or not', key: 'g k', run: () => groupAll(!grouping.isGrouped) },
        { title: 'Choose nothing', key: 'Escape', run: () => choose(undefined) },
      ],
      [canvas, search, isCriticalShown, grouping.isGrouped],
    ),
  );
}
