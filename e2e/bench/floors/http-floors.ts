import { readCpuTimes } from '../measure/cpu-time.ts';
import type { ServerCommands } from '../parties/express-floor.ts';
import type { GeneratorCommands } from '../parties/generator.ts';
import type { GotCommands } from '../parties/got-floor.ts';
import type { Party } from '../system/party.ts';
import { type Floor, IN_FLIGHT, postJson } from './floor.ts';

const REQUESTS = 20_000;
const CALLS = 5000;

/** A server that answers the POSTs of the generator. */
export async function measureServer(
  server: Party<ServerCommands>,
  generator: Party<GeneratorCommands>,
): Promise<Floor> {
  const request = postJson(await server.ask('url'));
  const before = readCpuTimes({ server: server.pid });
  const flooded = await generator.ask('flood', {
    requests: [request],
    count: REQUESTS,
    concurrency: IN_FLIGHT,
  });
  const after = readCpuTimes({ server: server.pid });
  if (flooded.statuses['200'] !== REQUESTS)
    throw new Error(`a floor answered ${JSON.stringify(flooded.statuses)}`);
  return {
    perSecond: (REQUESTS / flooded.elapsedMs) * 1000,
    cpuMs: (after.server - before.server) / REQUESTS,
  };
}

/** got as a client of the plainest server. */
export async function measureGot(client: Party<GotCommands>, server: Party<ServerCommands>): Promise<Floor> {
  const { url, body } = postJson(await server.ask('url'));
  const before = readCpuTimes({ client: client.pid });
  const elapsedMs = await client.ask('post', { url, body, count: CALLS, concurrency: IN_FLIGHT });
  const after = readCpuTimes({ client: client.pid });
  return { perSecond: (CALLS / elapsedMs) * 1000, cpuMs: (after.client - before.client) / CALLS };
}
