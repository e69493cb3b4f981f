import { expect, test } from 'vitest';
import { findRisks } from './find-risks.ts';
import { readSettings } from './read-settings.ts';

const risksOf = (env: Record<string, string>) =>
  findRisks(
    readSettings({
      DATABASE_URL: 'postgres://db/arcrun',
      REDIS_URL: 'redis://redis',
      HOST_URL: 'https://arcrun.example',
      ...env,
    }),
  );

test('there is none by default', () => {
  expect(risksOf({})).toEqual([]);
  expect(risksOf({ RETENTION_ENABLED: '1' })).toEqual([]);
});

// proves: settings/risks
test.each([
  ['POOL_MAX_SIZE', { POOL_MAX_SIZE: '3' }],
  ['WEBHOOK_MAX_AGE_SECS', { RETENTION_ENABLED: '1', RETENTION_DAYS: '2' }],
])('%s is told of by name', (name, env) => {
  expect(risksOf(env)).toEqual([expect.stringMatching(new RegExp(`^${name}: `))]);
});
