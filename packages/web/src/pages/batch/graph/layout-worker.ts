import type { LayoutRequest } from './layered-layout.ts';
import { layOut } from './layout.ts';

// The page goes on while this counts. The types know windows only, whose messages name an origin.
const page = globalThis as unknown as Pick<Worker, 'addEventListener' | 'postMessage'>;

page.addEventListener('message', ({ data }: MessageEvent<{ id: number; request: LayoutRequest }>) => {
  page.postMessage({ id: data.id, positions: layOut(data.request) }, []);
});
