import cytoscape, { type Core, type ElementDefinition } from 'cytoscape';
import type { BasicTask } from '../../../api/types.ts';
import { graphStyle } from './graph-style.ts';
import type { Direction, Positions } from './layered-layout.ts';
import { type NodeData, nodeData } from './node-data.ts';
import type { Palette } from './palette.ts';
import type { VisibleGraph } from './visible-graph.ts';

const PADDING = 30;
const ZOOM_STEP = 1.3;
/** Names can be read at this size. */
const JUMP_ZOOM = 0.7;
/** A graph of a few boxes is not blown up. */
const FIT_ZOOM_MAX = 1.15;

export interface Box {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

/** Where the nodes of a graph lie. */
export interface Laid {
  readonly positions: Positions;
  readonly direction: Direction;
}

/** Which nodes and edges stand out. */
export interface Emphasis {
  readonly chosen: string | undefined;
  /** The nodes before and behind the chosen one; the others are faded. Undefined: none is. */
  readonly near: ReadonlySet<string> | undefined;
  readonly criticalNodes: ReadonlySet<string>;
  readonly criticalEdges: ReadonlySet<string>;
}

/** The drawn graph: what changes is put in, and it draws. */
export class GraphCanvas {
  readonly #cy: Core;
  #graph: VisibleGraph = { nodes: [], edges: [], nodeOf: [] };
  #drawn: NodeData[] = [];
  #palette: Palette | undefined;
  #isEmphasized = false;
  #direction: Direction = 'right';

  constructor(
    container: HTMLElement,
    on: { choose: (id: string | undefined) => void; open: (id: string) => void; move: () => void },
  ) {
    this.#cy = cytoscape({
      container,
      layout: { name: 'preset' },
      minZoom: 0.02,
      maxZoom: 3,
      autoungrabify: true,
      boxSelectionEnabled: false,
      textureOnViewport: true,
      pixelRatio: 'auto',
      selectionType: 'single',
    });
    this.#cy.on('tap', (event) => on.choose(event.target === this.#cy ? undefined : idOf(event.target)));
    this.#cy.on('dbltap', 'node', (event) => on.open(idOf(event.target) ?? ''));
    this.#cy.on('mouseover', 'node', () => (container.style.cursor = 'pointer'));
    this.#cy.on('mouseout', 'node', () => (container.style.cursor = ''));
    this.#cy.on('viewport resize', on.move);
  }

  /** Draws another graph. */
  show(
    graph: VisibleGraph,
    { positions, direction }: Laid,
    tasks: readonly BasicTask[],
    palette: Palette,
  ): void {
    this.#graph = graph;
    this.#direction = direction;
    this.#palette = palette;
    this.#drawn = graph.nodes.map((node) => nodeData(node, tasks, palette));
    const elements: ElementDefinition[] = this.#drawn.map((data, index) => ({
      data: { ...data },
      position: { ...positions[index]! },
    }));
    for (const { id, source, target, isOptional, count } of graph.edges) {
      elements.push({
        data: {
          id,
          source,
          target,
          isOptional,
          ...(count > 1 ? { label: `${count.toLocaleString()}×` } : {}),
        },
      });
    }
    this.#cy.batch(() => {
      this.#cy.elements().remove();
      this.#cy.style(graphStyle(palette, graph.edges.length, direction));
      this.#cy.add(elements);
    });
    this.#isEmphasized = false;
    this.fit();
  }

  /** Takes over how the tasks stand now; what looks as before is left alone. Returns whether anything changed. */
  update(tasks: readonly BasicTask[], palette: Palette): boolean {
    if (palette !== this.#palette) {
      this.#palette = palette;
      this.#cy.style(graphStyle(palette, this.#graph.edges.length, this.#direction));
    }
    let isChanged = false;
    this.#cy.batch(() => {
      this.#graph.nodes.forEach((node, index) => {
        const data = nodeData(node, tasks, palette);
        if (looksSame(data, this.#drawn[index]!)) return;
        isChanged = true;
        this.#drawn[index] = data;
        const element = this.#cy.getElementById(data.id);
        if (data.fills === undefined) element.removeData('fills stops');
        element.data({ ...data });
      });
    });
    return isChanged;
  }

  emphasize({ chosen, near, criticalNodes, criticalEdges }: Emphasis): void {
    const isAny = chosen !== undefined || near !== undefined || criticalNodes.size > 0;
    // Walking over thousands of elements is not free.
    if (!isAny && !this.#isEmphasized) return;
    this.#isEmphasized = isAny;
    this.#cy.batch(() => {
      this.#cy.nodes().forEach((node) => {
        const id = node.id();
        node.toggleClass('chosen', id === chosen);
        node.toggleClass('faded', near !== undefined && id !== chosen && !near.has(id));
        node.toggleClass('critical', criticalNodes.has(id));
      });
      this.#cy.edges().forEach((edge) => {
        const { source, target } = edge.data() as { source: string; target: string };
        const isIn = (id: string): boolean => id === chosen || near?.has(id) === true;
        const isNear = near !== undefined && isIn(source) && isIn(target);
        edge.toggleClass('near', isNear);
        edge.toggleClass('faded', near !== undefined && !isNear);
        edge.toggleClass('critical', criticalEdges.has(edge.id()));
      });
    });
  }

  /** Shows all of it. */
  fit(): void {
    this.#cy.resize();
    this.#cy.fit(undefined, PADDING);
    if (this.#cy.zoom() > FIT_ZOOM_MAX) {
      this.#cy.zoom(FIT_ZOOM_MAX);
      this.#cy.center();
    }
  }

  zoomBy(step: 1 | -1): void {
    const { width, height } = this.#size();
    const level = this.#cy.zoom() * ZOOM_STEP ** step;
    this.#cy.zoom({ level, renderedPosition: { x: width / 2, y: height / 2 } });
  }

  panBy(x: number, y: number): void {
    this.#cy.panBy({ x, y });
  }

  /** Brings a node into the middle, near enough to be read. */
  jumpTo(id: string): void {
    const node = this.#cy.getElementById(id);
    if (node.empty()) return;
    const { x, y } = node.position();
    const { x1, y1, x2, y2 } = this.#cy.extent();
    // The panel covers the right of the window.
    const isSeen = x > x1 && x < x1 + 0.65 * (x2 - x1) && y > y1 && y < y2;
    if (isSeen && this.#cy.zoom() >= JUMP_ZOOM) return;
    this.#cy.zoom(Math.max(this.#cy.zoom(), JUMP_ZOOM));
    this.#cy.center(node);
  }

  /** Brings a place of the graph into the middle. */
  centerOn(x: number, y: number): void {
    const { width, height } = this.#size();
    const zoom = this.#cy.zoom();
    this.#cy.pan({ x: width / 2 - x * zoom, y: height / 2 - y * zoom });
  }

  /** The part that is seen. */
  extent(): Box {
    return this.#cy.extent();
  }

  /** Every node as it lies and looks, for the minimap. */
  boxes(): readonly (Box & { readonly color: string })[] {
    const palette = this.#palette;
    if (palette === undefined) return [];
    return this.#drawn.map(({ id, width, height, status }) => {
      const { x, y } = this.#cy.getElementById(id).position();
      return {
        x1: x - width / 2,
        y1: y - height / 2,
        x2: x + width / 2,
        y2: y + height / 2,
        color: palette.status[status].color,
      };
    });
  }

  destroy(): void {
    this.#cy.destroy();
  }

  #size(): { width: number; height: number } {
    return { width: this.#cy.width(), height: this.#cy.height() };
  }
}

function idOf(target: unknown): string | undefined {
  const element = target as { isNode?: () => boolean; id?: () => string };
  return element.isNode?.() === true ? element.id?.() : undefined;
}

const looksSame = (one: NodeData, other: NodeData): boolean =>
  one.status === other.status &&
  one.label === other.label &&
  one.fills === other.fills &&
  one.stops === other.stops;
