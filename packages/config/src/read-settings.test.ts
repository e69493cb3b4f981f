import { describe, expect, test } from 'vitest';
import { readSettings } from './read-settings.ts';

const GOOD = {
  DATABASE_URL: 'postgres://db/arcrun',
  REDIS_URL: 'redis://redis',
  HOST_URL: 'https://arcrun.example/',
};

// proves: settings/host-url-path
test('what is not set has its default', () => {
  expect(readSettings(GOOD)).toMatchObject({
    PORT: 8085,
    HOST_URL: 'https://arcrun.example',
    LOG_LEVEL: 'info',
  });
});

// proves: settings/bad-ones, settings/required
test('every bad setting is named at once', () => {
  expect(() => readSettings({ PORT: 'x', POOL_MAX_SIZE: '0', DEAD_END_CANCEL_ENABLED: 'maybe' })).toThrow(
    /DATABASE_URL: [^]*REDIS_URL: [^]*HOST_URL: [^]*PORT: [^]*POOL_MAX_SIZE: [^]*DEAD_END_CANCEL_ENABLED: /,
  );
});

// proves: traces/bad-settings
test('bad settings of traces are named', () => {
  const bad = {
    TRACING_ENABLED: 'perhaps',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'grpc://collector:4317',
    OTEL_SAMPLING_RATIO: '1.5',
  };
  expect(() => readSettings({ ...GOOD, ...bad })).toThrow(
    /TRACING_ENABLED: [^]*OTEL_EXPORTER_OTLP_ENDPOINT: [^]*OTEL_SAMPLING_RATIO: must be a number from 0 to 1/,
  );
  for (const ratio of ['0', '0.25', '1', '1.0'])
    expect(readSettings({ ...GOOD, OTEL_SAMPLING_RATIO: ratio }).OTEL_SAMPLING_RATIO).toBe(Number(ratio));
});

describe('WEBHOOK_SIGNING_SECRET', () => {
  const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

  test('left out, nothing is signed', () => {
    expect(readSettings(GOOD).WEBHOOK_SIGNING_SECRET).toBeUndefined();
  });

  // proves: webhooks/signed-rotation
  test('several, with spaces around them', () => {
    const sign = (text: string) =>
      readSettings({ ...GOOD, WEBHOOK_SIGNING_SECRET: text }).WEBHOOK_SIGNING_SECRET?.sign('id', 1, '');
    const other = `whsec_${'b'.repeat(40)}`;
    expect(sign(` ${SECRET} , ${other} `)).toBe(`${sign(SECRET)} ${sign(other)}`);
  });

  // proves: settings/signing-secrets
  test.each(['', '  ', ',', `${SECRET},`, 'secret', SECRET.slice(0, -4), `${SECRET},c2hvcnQ=`])(
    '%j is a mistake, which is told without the secret',
    (text) => {
      const read = () => readSettings({ ...GOOD, WEBHOOK_SIGNING_SECRET: text });
      expect(read).toThrow('WEBHOOK_SIGNING_SECRET: each secret must be base64 of 24 to 64 random bytes');
      expect(read).not.toThrow('MfKQ9');
    },
  );
});

describe('AUTH_TOKEN', () => {
  const TOKEN = 'sixteen-letters-';

  test('left out, there is none', () => {
    expect(readSettings(GOOD).AUTH_TOKEN).toBeUndefined();
  });

  // proves: settings/auth
  test('several, with spaces around them', () => {
    const tokens = readSettings({ ...GOOD, AUTH_TOKEN: ` ${TOKEN}1 , ${TOKEN}2 ` }).AUTH_TOKEN;
    for (const known of [`${TOKEN}1`, `${TOKEN}2`]) expect(tokens?.includes(known)).toBe(true);
  });

  test.each(['', '  ', ',', `${TOKEN},`, TOKEN.slice(1), `${TOKEN},short`, `${TOKEN} ${TOKEN}`, `${TOKEN}é`])(
    '%j is a mistake, which is told without the token',
    (text) => {
      const read = () => readSettings({ ...GOOD, AUTH_TOKEN: text });
      expect(read).toThrow('AUTH_TOKEN: each token must have at least 16 characters');
      expect(read).not.toThrow('letters');
    },
  );
});
