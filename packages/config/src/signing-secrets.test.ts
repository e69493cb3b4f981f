import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { readSigningKey, SigningSecrets } from './signing-secrets.ts';

// proves: webhooks/signed
test('the signature of the standard’s own test', () => {
  const secrets = new SigningSecrets([readSigningKey('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')!]);
  expect(secrets.sign('msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330, '{"test": 2432232314}')).toBe(
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  );
});

// proves: webhooks/signed-rotation
test('each secret signs, in their order', () => {
  const keys = [randomBytes(24), randomBytes(64)];
  const alone = keys.map((key) => new SigningSecrets([key]).sign('id', 7, 'body'));
  expect(new SigningSecrets(keys).sign('id', 7, Buffer.from('body'))).toBe(alone.join(' '));
});

test.each([
  ['24 bytes', randomBytes(24).toString('base64')],
  ['64 bytes', randomBytes(64).toString('base64')],
  ['a padded one', randomBytes(25).toString('base64')],
])('a secret of %s, with its prefix and without', (_what, text) => {
  expect(readSigningKey(text)?.toString('base64')).toBe(text);
  expect(readSigningKey(`whsec_${text}`)?.toString('base64')).toBe(text);
});

test.each([
  ['nothing', ''],
  ['nothing but the prefix', 'whsec_'],
  ['23 bytes', randomBytes(23).toString('base64')],
  ['65 bytes', randomBytes(65).toString('base64')],
  ['no base64', 'this is no base64, though it is long enough'],
  ['base64 of URLs', `whsec_${'-_'.repeat(20)}`],
  ['a public key', `whpk_${randomBytes(32).toString('base64')}`],
])('%s is no secret', (_what, text) => {
  expect(readSigningKey(text)).toBeNull();
});

test('no secret is shown to who prints it', () => {
  const key = Buffer.from('a key that nobody may see');
  const shown = inspect(new SigningSecrets([key]), { showHidden: true, depth: null });
  expect(shown + JSON.stringify(new SigningSecrets([key]))).not.toMatch(/nobody|6e 6f 62 6f 64 79|110,/);
});
