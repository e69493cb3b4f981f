import { expect, test } from 'vitest';
import { isRecentRedis, parseRedisVersion } from './redis-binary.ts';

test.each([
  ['Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=c3', '7.0.15'],
  ['Valkey server v=8.1.1 sha=00000000:0 malloc=libc bits=64', '8.1.1'],
  ['bash: redis-server: command not found', undefined],
])('the version in %j', (text, version) => {
  expect(parseRedisVersion(text)).toBe(version);
});

test.each([
  ['5.0.14', false],
  ['6.0.16', false],
  ['6.2.0', true],
  ['7.0.15', true],
  ['10.0', true],
])('%s is new enough: %s', (version, expected) => {
  expect(isRecentRedis(version)).toBe(expected);
});
