import type { System } from '../system/start-system.ts';
import { runChain } from './edge-latency.ts';
import { runLifecycle } from './lifecycle.ts';

/** Opens connections, fills caches and has the hot code compiled, so that what is measured is a system that runs. */
export async function warmUp(system: System): Promise<void> {
  await runLifecycle(system, 2000, 500);
  await runChain(system, '/end', 20);
}
