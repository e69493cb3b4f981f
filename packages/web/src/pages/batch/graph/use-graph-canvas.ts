import { type RefObject, useEffect, useRef, useState } from 'react';
import type { BasicTask } from '../../../api/types.ts';
import { askLayout } from './ask-layout.ts';
import { GraphCanvas } from './graph-canvas.ts';
import { NODE_SIZES } from './node-data.ts';
import type { Palette } from './palette.ts';
import type { VisibleGraph } from './visible-graph.ts';

interface Drawing {
  readonly graph: VisibleGraph;
  readonly tasks: readonly BasicTask[];
  readonly palette: Palette;
}

interface Callbacks {
  readonly choose: (id: string | undefined) => void;
  readonly open: (id: string) => void;
  /** What is seen has moved. */
  readonly move: () => void;
  /** Something looks different. */
  readonly change: () => void;
}

interface Drawn {
  readonly canvas: GraphCanvas | undefined;
  /** The graph that is on the screen; another one may still be laid out. */
  readonly shown: VisibleGraph | undefined;
  readonly error: unknown;
}

/** Keeps the drawn graph in step with what is to be seen. */
export function useGraphCanvas(
  container: RefObject<HTMLDivElement | null>,
  { graph, tasks, palette }: Drawing,
  callbacks: Callbacks,
): Drawn {
  const [canvas, setCanvas] = useState<GraphCanvas>();
  const [shown, setShown] = useState<VisibleGraph>();
  const [error, setError] = useState<unknown>();
  const latest = useRef({ tasks, palette, callbacks });
  useEffect(() => {
    latest.current = { tasks, palette, callbacks };
  });

  useEffect(() => {
    const created = new GraphCanvas(container.current!, {
      choose: (id) => latest.current.callbacks.choose(id),
      open: (id) => latest.current.callbacks.open(id),
      move: () => latest.current.callbacks.move(),
    });
    setCanvas(created);
    return () => {
      created.destroy();
      setCanvas(undefined);
      setShown(undefined);
    };
  }, [container]);

  useEffect(() => {
    if (canvas === undefined) return undefined;
    let isOld = false;
    const { clientWidth, clientHeight } = container.current!;
    const direction = clientWidth >= clientHeight ? 'right' : 'down';
    askLayout({
      nodes: graph.nodes.map(({ id, type }) => ({ id, ...NODE_SIZES[type] })),
      edges: graph.edges.map(({ source, target }) => ({ source, target })),
      direction,
      window: { width: clientWidth, height: clientHeight },
    }).then(
      (positions) => {
        if (isOld) return;
        canvas.show(graph, { positions, direction }, latest.current.tasks, latest.current.palette);
        // For who measures it: the frame after this one has the graph in it.
        requestAnimationFrame(() => performance.mark('graph drawn'));
        setShown(graph);
      },
      (reason: unknown) => {
        if (!isOld) setError(reason);
      },
    );
    return () => {
      isOld = true;
    };
  }, [canvas, graph, container]);

  useEffect(() => {
    if (canvas !== undefined && shown === graph && canvas.update(tasks, palette))
      latest.current.callbacks.change();
  }, [canvas, shown, graph, tasks, palette]);

  return { canvas, shown, error };
}
