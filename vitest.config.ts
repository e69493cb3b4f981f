import { defineConfig } from 'vitest/config';

/** A suite that needs Postgres and Redis: both are started once, however many of these run. */
const withServices = { globalSetup: ['./e2e/setup/services.ts'], hookTimeout: 20_000 };

const integrationFiles = ['packages/**/src/**/*.integration.test.ts'];
const faultFiles = ['e2e/faults/**/*.test.ts'];

/** Faults take minutes and run only when they are asked for: `vitest run --project faults`. */
const asksForFaults = process.argv.some((argument) => argument.includes('faults'));

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/**/src/**/*.test.ts', 'scripts/**/*.test.ts'],
          exclude: ['**/node_modules/**', ...integrationFiles],
        },
      },
      {
        test: {
          name: 'integration',
          include: integrationFiles,
          testTimeout: 60_000,
          ...withServices,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['e2e/**/*.test.ts'],
          exclude: ['**/node_modules/**', ...faultFiles],
          testTimeout: 120_000,
          ...withServices,
        },
      },
      ...(asksForFaults
        ? [{ test: { name: 'faults', include: faultFiles, testTimeout: 600_000, ...withServices } }]
        : []),
    ],
  },
});
