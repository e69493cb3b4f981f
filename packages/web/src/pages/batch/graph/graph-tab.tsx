import { type ReactElement, useEffect, useMemo, useRef } from 'react';
import { ErrorState } from '../../../components/page-states.tsx';
import { toast } from '../../../shell/toasts.tsx';
import type { BatchView } from '../feed/batch-feed.ts';
import { criticalElements, nearNodes } from './emphasis.ts';
import { indexGraph } from './graph-index.ts';
import { choose, groupAll, showCritical, toggleKind, useGraphOptions } from './graph-options.ts';
import { GraphSearch } from './graph-search.tsx';
import { GroupPanel } from './group-panel.tsx';
import { Minimap, type MinimapHandle } from './minimap.tsx';
import { usePalette } from './palette.ts';
import { TaskPanel } from './task-panel.tsx';
import { useGraphCommands } from './use-graph-commands.ts';
import { useGraphCanvas } from './use-graph-canvas.ts';
import { isGroupedKind, nameGroups, NODES_MAX, visibleGraph } from './visible-graph.ts';
import './graph.css';

/** The batch as a graph. */
export default function GraphTab({ view }: { view: BatchView }): ReactElement {
  const { tasks, links } = view;
  const options = useGraphOptions(tasks.length);
  const { chosen, isCriticalShown, grouping } = options;
  const palette = usePalette();
  // The shape of a batch never changes, and its tasks keep their places.
  const index = useMemo(() => indexGraph(tasks, links), [links, tasks.length]);
  const groupingKey = JSON.stringify([grouping.isGrouped, [...grouping.except]]);
  const graph = useMemo(() => visibleGraph(index, tasks, links, grouping), [index, groupingKey]);

  const container = useRef<HTMLDivElement>(null);
  const minimap = useRef<MinimapHandle>(null);
  const search = useRef<HTMLInputElement>(null);
  const expand = (kind: string): void => {
    const members = tasks.filter((task) => task.kind === kind).length;
    if (graph.nodes.length + members > NODES_MAX) {
      toast(
        'error',
        `${members.toLocaleString()} tasks are too many to be drawn one by one`,
        'The table lists them.',
      );
    } else toggleKind(grouping, kind);
  };
  const { canvas, shown, error } = useGraphCanvas(
    container,
    { graph, tasks, palette },
    {
      choose,
      open: (id) => {
        const node = graph.nodes.find((one) => one.id === id);
        if (node?.type === 'group') expand(node.kind);
      },
      move: () => minimap.current?.frame(),
      change: () => minimap.current?.draw(),
    },
  );

  const near = useMemo(() => nearNodes(index, graph, chosen), [index, graph, chosen]);
  const critical = useMemo(
    () => criticalElements(index, graph, tasks, isCriticalShown),
    [index, graph, tasks, isCriticalShown],
  );
  useEffect(() => {
    if (shown === graph) canvas?.emphasize({ chosen, near, ...critical });
  }, [canvas, shown, graph, chosen, near, critical]);

  useGraphCommands(canvas, search, options);

  if (error !== undefined) return <ErrorState error={error} />;
  const chosenNode = graph.nodes.find(({ id }) => id === chosen);
  const isAllDrawable = tasks.length <= NODES_MAX;
  return (
    <div className="graph">
      <div className="graph-tools">
        <GraphSearch
          tasks={tasks}
          inputRef={search}
          onFound={({ id, kind }) => {
            const group = nameGroups(tasks).get(kind)!;
            const node = isGroupedKind(grouping, group) ? graph.nodeOf[index.positionOf.get(id)!]! : id;
            choose(node);
            canvas?.jumpTo(node);
          }}
        />
        <button
          className="button"
          aria-pressed={grouping.isGrouped}
          disabled={grouping.isGrouped && !isAllDrawable}
          title={
            isAllDrawable ? undefined : `More than ${NODES_MAX.toLocaleString()} tasks are drawn as groups`
          }
          onClick={() => groupAll(!grouping.isGrouped)}
        >
          Group by kind
        </button>
        <button
          className="button"
          aria-pressed={isCriticalShown}
          onClick={() => showCritical(!isCriticalShown)}
        >
          Critical path
        </button>
        <div className="row graph-zoom">
          <button className="button" aria-label="Nearer" onClick={() => canvas?.zoomBy(1)}>
            +
          </button>
          <button className="button" aria-label="Farther" onClick={() => canvas?.zoomBy(-1)}>
            −
          </button>
          <button className="button" onClick={() => canvas?.fit()}>
            Fit
          </button>
        </div>
      </div>
      <div className="graph-stage">
        <div
          ref={container}
          className="graph-canvas"
          role="img"
          aria-label={`The ${tasks.length.toLocaleString()} tasks as a graph; the table has the same in words`}
          data-drawn={shown === graph ? graph.nodes.length : undefined}
        />
        {shown === undefined && (
          <p className="graph-busy faint" role="status">
            Laying out {graph.nodes.length.toLocaleString()} nodes …
          </p>
        )}
        {shown !== undefined && <Minimap canvas={canvas} handle={minimap} />}
        {chosenNode?.type === 'task' && (
          <TaskPanel
            task={tasks[chosenNode.position]!}
            tasks={tasks}
            index={index}
            onChoose={(id) => {
              const node = id === undefined ? undefined : graph.nodeOf[index.positionOf.get(id)!];
              choose(node);
              if (node !== undefined) canvas?.jumpTo(node);
            }}
          />
        )}
        {chosenNode?.type === 'group' && (
          <GroupPanel
            kind={chosenNode.kind}
            members={chosenNode.positions.map((position) => tasks[position]!)}
            onExpand={
              graph.nodes.length + chosenNode.positions.length > NODES_MAX
                ? undefined
                : () => toggleKind(grouping, chosenNode.kind)
            }
            onClose={() => choose(undefined)}
          />
        )}
      </div>
    </div>
  );
}
