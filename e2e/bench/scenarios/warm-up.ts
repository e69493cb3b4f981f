import type { System } from '../system/start-system.ts';
import { runChain } from './edge-latency.ts';
import { measureRate } from './lifecycle.ts';

/** Opens connections, fills caches and has the hot code compiled, so that what is measured is a system that runs. */
export async function warmUp(system: System): Promise<void> {
  await measureRate(system, { tasks: 2000 });
  await runChain(system, '/end', 20);
}
