import { expect, test } from 'vitest';
import { parsePostmasterFile } from './postmaster-file.ts';

const complete = `4711
/data/cluster
1795582524
54320

127.0.0.1
 12345678     65538
ready   
`;

test('a complete file is read', () => {
  expect(parsePostmasterFile(complete)).toEqual({
    pid: 4711,
    dataDir: '/data/cluster',
    port: 54_320,
    status: 'ready',
  });
});

test('a file that Postgres has only begun to write has no port and no status', () => {
  expect(parsePostmasterFile('4711\n/data/cluster\n')).toEqual({
    pid: 4711,
    dataDir: '/data/cluster',
    port: undefined,
    status: undefined,
  });
});

test.each(['', 'rubbish\n', '-4711\n/data', '0\n/data'])('%j is not such a file', (text) => {
  expect(parsePostmasterFile(text)).toBeUndefined();
});
