import {
  type PointerEvent,
  type ReactElement,
  type Ref,
  useEffect,
  useImperativeHandle,
  useRef,
} from 'react';
import type { Box, GraphCanvas } from './graph-canvas.ts';

const WIDTH = 180;
const HEIGHT = 120;

export interface MinimapHandle {
  /** Draws the nodes anew. */
  readonly draw: () => void;
  /** Moves the frame to what is seen now. */
  readonly frame: () => void;
}

interface MinimapProps {
  readonly canvas: GraphCanvas | undefined;
  readonly handle: Ref<MinimapHandle>;
}

/** The whole graph in small, with a frame around what is seen; a click or a drag goes there. */
export function Minimap({ canvas, handle }: MinimapProps): ReactElement {
  const picture = useRef<HTMLCanvasElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const map = useRef<HTMLDivElement>(null);
  const scale = useRef({ x: 0, y: 0, factor: 1 });
  const bounds = useRef<Box>({ x1: 0, y1: 0, x2: 0, y2: 0 });

  const moveFrame = (): void => {
    if (canvas === undefined || frame.current === null) return;
    // It says nothing, and lies over the graph, when everything is seen.
    map.current!.hidden = isWithin(bounds.current, canvas.extent());
    const { x, y, factor } = scale.current;
    const { x1, y1, x2, y2 } = canvas.extent();
    const left = clamp((x1 - x) * factor, WIDTH);
    const top = clamp((y1 - y) * factor, HEIGHT);
    const { style } = frame.current;
    style.transform = `translate(${left}px, ${top}px)`;
    style.width = `${clamp((x2 - x) * factor, WIDTH) - left}px`;
    style.height = `${clamp((y2 - y) * factor, HEIGHT) - top}px`;
  };
  const draw = (): void => {
    const context = picture.current?.getContext('2d');
    if (canvas === undefined || context === null || context === undefined) return;
    const boxes = canvas.boxes();
    bounds.current = boundsOf(boxes);
    scale.current = toScale(bounds.current);
    const { x, y, factor } = scale.current;
    context.clearRect(0, 0, WIDTH, HEIGHT);
    for (const box of boxes) {
      context.fillStyle = box.color;
      const width = Math.max(1, (box.x2 - box.x1) * factor);
      const height = Math.max(1, (box.y2 - box.y1) * factor);
      context.fillRect((box.x1 - x) * factor, (box.y1 - y) * factor, width, height);
    }
    moveFrame();
  };
  useImperativeHandle(handle, () => ({ draw, frame: moveFrame }));
  useEffect(draw);

  const go = (event: PointerEvent<HTMLDivElement>): void => {
    if (event.buttons === 0) return;
    const { left, top } = event.currentTarget.getBoundingClientRect();
    const { x, y, factor } = scale.current;
    canvas?.centerOn(x + (event.clientX - left) / factor, y + (event.clientY - top) / factor);
  };
  return (
    <div ref={map} className="minimap" aria-hidden onPointerDown={go} onPointerMove={go}>
      <canvas ref={picture} width={WIDTH} height={HEIGHT} />
      <div ref={frame} className="minimap-frame" />
    </div>
  );
}

const clamp = (value: number, max: number): number => Math.min(max, Math.max(0, value));

const isWithin = (inner: Box, outer: Box): boolean =>
  inner.x1 >= outer.x1 && inner.y1 >= outer.y1 && inner.x2 <= outer.x2 && inner.y2 <= outer.y2;

function boundsOf(boxes: readonly Box[]): Box {
  let [x1, y1, x2, y2] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const box of boxes) {
    x1 = Math.min(x1, box.x1);
    y1 = Math.min(y1, box.y1);
    x2 = Math.max(x2, box.x2);
    y2 = Math.max(y2, box.y2);
  }
  return boxes.length === 0 ? { x1: 0, y1: 0, x2: 1, y2: 1 } : { x1, y1, x2, y2 };
}

/** Fits everything into the map. */
function toScale({ x1, y1, x2, y2 }: Box): { x: number; y: number; factor: number } {
  const factor = Math.min((WIDTH - 8) / (x2 - x1), (HEIGHT - 8) / (y2 - y1));
  return { x: (x1 + x2 - WIDTH / factor) / 2, y: (y1 + y2 - HEIGHT / factor) / 2, factor };
}
