import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { findChromium } from './e2e/harness/find-chromium.ts';
import { findPrometheus } from './e2e/harness/find-prometheus.ts';

/** A crowded machine is late, and says nothing by it: vitest's own limits are 1 s for a poll, 5 s for a test. */
const patient = { expect: { poll: { timeout: 20_000 } }, testTimeout: 30_000, hookTimeout: 60_000 };

/**
 * A suite that needs Postgres and Redis: both are started once, however many of these run. Its files share the processes
 * that they run in, since none of them mocks a module: a process of its own costs a file a second.
 */
const withServices = {
  ...patient,
  globalSetup: ['./e2e/setup/services.ts'],
  isolate: false,
};

const integrationFiles = ['packages/**/src/**/*.integration.test.ts'];
const faultFiles = ['e2e/faults/*.test.ts'];
/** What makes as much load as it can, and what holds times against each other, goes alone, after the others. */
const aloneFiles = ['e2e/faults/load.test.ts', 'e2e/faults/receivers.test.ts'];
/** What the benchmark makes of its numbers; nothing is measured. */
const benchFiles = ['e2e/bench/*.test.ts', 'e2e/bench/report/*.test.ts'];
/** How the runs with faults are judged and told; no fault is made. */
const judgeFiles = ['e2e/faults/*/*.test.ts', 'e2e/soak/*/*.test.ts'];
const soakFiles = ['e2e/soak/*.test.ts'];
const browserFiles = ['e2e/browser/**/*.test.ts'];

/** They need a pgbouncer, which not every machine can have: ARCRUN_TEST_PROXY=pgbouncer asks for it. */
const poolerFiles = ['e2e/pooler/**/*.test.ts'];
const hasPooler = (process.env['ARCRUN_TEST_PROXY'] ?? '') !== '';

/** Faults take minutes and run only when they are asked for: `vitest run --project faults`. */
const asksForFaults = process.argv.some((argument) => argument.includes('faults'));
/** So does the soak: `npm run test:soak`. */
const asksForSoak = process.argv.includes('soak');

const hasBrowser = findChromium() !== undefined;
if (!hasBrowser)
  process.stderr.write(
    'Without a Chromium the tests of the pages are left out (apt-get install chromium-headless-shell, or chromium).\n',
  );

if (findPrometheus() === undefined)
  process.stderr.write(
    'Without a Prometheus the tests of the alert rules and of the dashboard are left out (apt-get install prometheus).\n',
  );

export default defineConfig({
  test: {
    // The tests wait for Postgres, for processes and for pages as often as they compute.
    maxWorkers: availableParallelism() + 1,
    projects: [
      {
        test: {
          ...patient,
          name: 'unit',
          include: ['packages/**/src/**/*.test.ts', 'scripts/**/*.test.ts', ...benchFiles, ...judgeFiles],
          exclude: ['**/node_modules/**', ...integrationFiles],
        },
      },
      {
        test: {
          name: 'integration',
          include: integrationFiles,
          ...withServices,
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['e2e/**/*.test.ts'],
          exclude: [
            '**/node_modules/**',
            ...[...faultFiles, ...judgeFiles, ...soakFiles, ...browserFiles, ...benchFiles],
            ...(hasPooler ? [] : poolerFiles),
          ],
          ...withServices,
          testTimeout: 120_000,
        },
      },
      ...(hasBrowser
        ? [{ test: { name: 'browser', ...withServices, include: browserFiles, testTimeout: 60_000 } }]
        : []),
      ...(asksForFaults
        ? [
            {
              test: {
                name: 'faults',
                ...withServices,
                include: faultFiles,
                exclude: aloneFiles,
                testTimeout: 600_000,
              },
            },
            ...aloneFiles.map((file, index) => ({
              test: {
                name: `faults alone ${index + 1}`,
                ...withServices,
                include: [file],
                testTimeout: 600_000,
                sequence: { groupOrder: index + 1 },
              },
            })),
          ]
        : []),
      ...(asksForSoak ? [{ test: { name: 'soak', ...withServices, include: soakFiles } }] : []),
    ],
  },
});
