import type { Registry } from 'prom-client';
import Counter from 'prom-client/lib/counter.js';
import eventLoopLag from 'prom-client/lib/metrics/eventLoopLag.js';
import gc from 'prom-client/lib/metrics/gc.js';
import heapSizeAndUsed from 'prom-client/lib/metrics/heapSizeAndUsed.js';
import heapSpacesSizeAndUsed from 'prom-client/lib/metrics/heapSpacesSizeAndUsed.js';
import osMemoryHeap from 'prom-client/lib/metrics/osMemoryHeap.js';
import processHandles from 'prom-client/lib/metrics/processHandles.js';
import processMaxFileDescriptors from 'prom-client/lib/metrics/processMaxFileDescriptors.js';
import processOpenFileDescriptors from 'prom-client/lib/metrics/processOpenFileDescriptors.js';
import processRequests from 'prom-client/lib/metrics/processRequests.js';
import processResources from 'prom-client/lib/metrics/processResources.js';
import processStartTime from 'prom-client/lib/metrics/processStartTime.js';
import version from 'prom-client/lib/metrics/version.js';

const PARTS = [
  ...[eventLoopLag, gc, heapSizeAndUsed, heapSpacesSizeAndUsed, osMemoryHeap, version],
  ...[processHandles, processMaxFileDescriptors, processOpenFileDescriptors, processRequests],
  ...[processResources, processStartTime],
];

/**
 * The usual metrics of a Node process. They are prom-client's, taken one by one: with its index comes OpenTelemetry,
 * for the time of the CPU alone, and nothing of that is loaded while tracing is off.
 */
export function collectProcessMetrics(registry: Registry): void {
  for (const collect of PARTS) collect(registry, { eventLoopMonitoringPrecision: 10 });
  const registers = [registry];
  const user = new Counter({
    name: 'process_cpu_user_seconds_total',
    help: 'Total user CPU time spent in seconds.',
    registers,
  });
  const system = new Counter({
    name: 'process_cpu_system_seconds_total',
    help: 'Total system CPU time spent in seconds.',
    registers,
  });
  let last = process.cpuUsage();
  const total = new Counter({
    name: 'process_cpu_seconds_total',
    help: 'Total user and system CPU time spent in seconds.',
    registers,
    collect() {
      const now = process.cpuUsage();
      const userSecs = (now.user - last.user) / 1e6;
      const systemSecs = (now.system - last.system) / 1e6;
      last = now;
      user.inc(userSecs);
      system.inc(systemSecs);
      total.inc(userSecs + systemSecs);
    },
  });
}
