import type { LayoutRequest, Positions } from './layered-layout.ts';

let worker: Worker | undefined;
let asked = 0;
const waiting = new Map<
  number,
  { resolve: (positions: Positions) => void; reject: (error: Error) => void }
>();

/** Lays a graph out in the worker, which is started at the first call and kept. */
export function askLayout(request: LayoutRequest): Promise<Positions> {
  worker ??= startWorker();
  const id = ++asked;
  const { promise, resolve, reject } = Promise.withResolvers<Positions>();
  waiting.set(id, { resolve, reject });
  worker.postMessage({ id, request }, []);
  return promise;
}

function startWorker(): Worker {
  const started = new Worker(new URL('./layout-worker.ts', import.meta.url), { type: 'module' });
  started.addEventListener('message', ({ data }: MessageEvent<{ id: number; positions: Positions }>) => {
    waiting.get(data.id)?.resolve(data.positions);
    waiting.delete(data.id);
  });
  started.addEventListener('error', () => {
    for (const { reject } of waiting.values()) reject(new Error('The graph could not be laid out'));
    waiting.clear();
    worker = undefined;
  });
  return started;
}
