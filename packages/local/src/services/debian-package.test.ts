import { expect, test } from 'vitest';
import { parseDepends } from './debian-package.ts';

test('the packages of a Depends line, without versions, architectures and alternatives', () => {
  const text = `Package: redis-tools
Version: 5:7.0.15-1
Depends: libatomic1 (>= 4.8), libc6 (>= 2.34), libjemalloc2:any (>= 4.0.0), liblua5.1-0 | liblua5.1, libssl3
Recommends: not-this
`;
  expect(parseDepends(text)).toEqual(['libatomic1', 'libc6', 'libjemalloc2', 'liblua5.1-0', 'libssl3']);
});
