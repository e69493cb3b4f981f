import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { AccessTokens, bearerToken } from './access-tokens.ts';

const tokens = new AccessTokens(['the-first-token-1', 'the-second-token']);

// proves: settings/auth
test('each token is known, and nothing else', () => {
  expect(tokens.includes('the-first-token-1')).toBe(true);
  expect(tokens.includes('the-second-token')).toBe(true);
  for (const wrong of ['', 'the-first-token-', 'the-first-token-12', 'the-first-token-1,the-second-token'])
    expect(tokens.includes(wrong)).toBe(false);
});

test('what a token signed is void without that token', () => {
  const signature = tokens.sign('the-second-token', 'text');
  expect(tokens.isSigned('text', signature)).toBe(true);
  expect(tokens.isSigned('texts', signature)).toBe(false);
  expect(new AccessTokens(['the-first-token-1']).isSigned('text', signature)).toBe(false);
});

test.each(['', 'not hex', 'ab', '00'.repeat(32)])('no signature: %j', (signature) => {
  expect(tokens.isSigned('text', signature)).toBe(false);
});

test('no token is shown to who prints it', () => {
  expect(inspect(tokens, { showHidden: true, depth: null }) + JSON.stringify(tokens)).not.toContain('token-');
});

test.each([
  ['Bearer abc', 'abc'],
  ['bearer  abc ', 'abc'],
  ['Bearer', undefined],
  ['Bearer a b', undefined],
  ['Basic abc', undefined],
  ['xBearer abc', undefined],
  [undefined, undefined],
])('the token of %j is %j', (header, token) => {
  expect(bearerToken(header)).toBe(token);
});
