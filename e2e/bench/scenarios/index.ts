import { backlog } from './backlog.ts';
import { cascade } from './cascade.ts';
import { contended } from './contended.ts';
import { counters } from './counters.ts';
import { create } from './create.ts';
import { deliveries } from './deliveries.ts';
import { edgeLatency } from './edge-latency.ts';
import { fan } from './fan.ts';
import { footprint } from './footprint.ts';
import { globalBacklog } from './global-backlog.ts';
import { idle } from './idle.ts';
import { largeTable } from './large-table.ts';
import { lifecycle } from './lifecycle.ts';
import { lists } from './lists.ts';
import { running } from './running.ts';
import type { Scenario } from './scenario.ts';
import { slowReceivers } from './slow-receivers.ts';
import { workers } from './workers.ts';
import { workflow } from './workflow.ts';

/** In the order in which they run. */
export const SCENARIOS: readonly Scenario[] = [
  lifecycle,
  slowReceivers,
  edgeLatency,
  workflow,
  fan,
  cascade,
  create,
  counters,
  contended,
  backlog,
  globalBacklog,
  running,
  deliveries,
  footprint,
  idle,
  workers,
  largeTable,
  lists,
];
