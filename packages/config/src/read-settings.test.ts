import { expect, test } from 'vitest';
import { readSettings } from './read-settings.ts';

const GOOD = {
  DATABASE_URL: 'postgres://db/arcrun',
  REDIS_URL: 'redis://redis',
  HOST_URL: 'https://arcrun.example/',
};

test('what is not set has its default', () => {
  expect(readSettings(GOOD)).toMatchObject({
    PORT: 8085,
    HOST_URL: 'https://arcrun.example',
    LOG_LEVEL: 'info',
  });
});

test('every bad setting is named at once', () => {
  expect(() => readSettings({ PORT: 'x', POOL_MAX_SIZE: '0', DEAD_END_CANCEL_ENABLED: 'maybe' })).toThrow(
    /DATABASE_URL: [^]*REDIS_URL: [^]*HOST_URL: [^]*PORT: [^]*POOL_MAX_SIZE: [^]*DEAD_END_CANCEL_ENABLED: /,
  );
});

test.each(['AUTH_TOKEN', 'WEBHOOK_SIGNING_SECRET'])(
  '%s is refused, since it would protect nothing',
  (name) => {
    expect(() => readSettings({ ...GOOD, [name]: 'secret' })).toThrow(`${name}: is not built yet`);
    expect(() => readSettings({ ...GOOD, [name]: '' })).not.toThrow();
  },
);
