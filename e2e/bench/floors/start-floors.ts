import { join } from 'node:path';
import { createDatabase } from '@arcrun/database/testing';
import { startRedis } from '@arcrun/local';
import type { BullmqCommands } from '../parties/bullmq-floor.ts';
import type { ServerCommands } from '../parties/express-floor.ts';
import type { GeneratorCommands } from '../parties/generator.ts';
import type { GotCommands } from '../parties/got-floor.ts';
import { openMigrated } from '../system/open-migrated.ts';
import { startParty } from '../system/party.ts';
import type { Servers } from '../system/start-servers.ts';
import { measureBullmq } from './bullmq-floor.ts';
import type { Floor } from './floor.ts';
import { measureGot, measureServer } from './http-floors.ts';
import { measurePostgres } from './postgres-floor.ts';

const FLOOR_NAMES = ['express', 'node:http', 'bullmq', 'got', 'postgres'] as const;
export type FloorName = (typeof FLOOR_NAMES)[number];

/** The plain libraries, each in a process of its own, ready to be measured again and again. */
export interface Floors {
  measure(name: FloorName): Promise<Floor>;
  stop(): Promise<void>;
}

/** Starts them and warms them up. */
export async function startFloors(servers: Servers): Promise<Floors> {
  const database = await openMigrated(await createDatabase(servers.postgres.url, 'floors'));
  const redis = await startRedis({ dataDir: join(servers.folder, 'floors'), durable: false });
  const generator = await startParty<GeneratorCommands>('generator.ts');
  const express = await startParty<ServerCommands>('express-floor.ts');
  const http = await startParty<ServerCommands>('http-floor.ts');
  const bullmq = await startParty<BullmqCommands>('bullmq-floor.ts');
  const got = await startParty<GotCommands>('got-floor.ts');
  const measures: Readonly<Record<FloorName, () => Promise<Floor>>> = {
    express: () => measureServer(express, generator),
    'node:http': () => measureServer(http, generator),
    bullmq: () => measureBullmq(bullmq, redis),
    got: () => measureGot(got, http),
    postgres: () => measurePostgres(database, servers.postgres.pid),
  };
  for (const name of FLOOR_NAMES) await measures[name]();
  return {
    measure: (name) => measures[name](),
    stop: async () => {
      for (const party of [generator, express, http, bullmq, got]) await party.stop();
      await redis.stop();
      await database.close();
    },
  };
}
