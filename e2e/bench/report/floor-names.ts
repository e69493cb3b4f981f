import type { FloorName } from '../floors/start-floors.ts';

const NAMES: Readonly<Record<FloorName, string>> = {
  express: 'Express 5, a POST',
  'node:http': 'bare node:http, a POST',
  bullmq: 'BullMQ, an empty job',
  got: 'got, a POST',
  postgres: 'Postgres, rows in sets of 50',
};

/** What a floor does, in a few words. */
export const nameFloor = (name: string): string => (NAMES as Readonly<Record<string, string>>)[name] ?? name;
