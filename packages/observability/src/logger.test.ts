import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { limitRate } from './logger.ts';

const MODULE = JSON.stringify(join(import.meta.dirname, 'logger.ts'));

/** The lines that a process of its own prints. */
function linesOf(code: string): string[] {
  const script = `import { createLogger } from ${MODULE};\n${code}`;
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  return printed.trim().split('\n');
}

// proves: logs/json
test('a line is one JSON object, with its fields and those of the moment', () => {
  const lines = linesOf(`
    let at = 1;
    const logger = createLogger({ level: 'info', format: 'json', service: 'api', context: () => ({ request_id: 'r' + at++ }) });
    logger.info('one', { n: 1n, text: 'two\\nlines' });
    logger.child({ worker_id: 'w' }).warn('two', { message: 'm' });
    logger.debug('three');
  `);
  expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
    {
      level: 'info',
      message: 'one',
      service: 'api',
      request_id: 'r1',
      n: '1',
      text: 'two\nlines',
      timestamp: expect.any(String),
    },
    {
      level: 'warn',
      message: 'two',
      service: 'api',
      request_id: 'r2',
      worker_id: 'w',
      field_message: 'm',
      timestamp: expect.any(String),
    },
  ]);
});

// proves: logs/json
test('for people it is a text', () => {
  const [line] = linesOf(`
    createLogger({ level: 'info', format: 'text', service: 'api' }).info('API started', { port: 1 });
  `);
  expect(line).toMatch(/^\d{4}-\d\d-\d\dT\S+ info API started \{"service":"api","port":1\}$/);
});

// proves: logs/level
test('the level changes at run time, for children too', () => {
  const lines = linesOf(`
    const logger = createLogger({ level: 'warn', format: 'json', service: 'api' });
    const child = logger.child({});
    child.info('1');
    logger.level = 'debug';
    child.debug('2');
    logger.level = 'error';
    child.warn('3');
    child.error('4');
  `);
  expect(lines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual(['2', '4']);
});

test('what repeats is told at most once in a while, with how often it was left out', () => {
  let nowMs = 0;
  const told: unknown[] = [];
  const log = limitRate(
    (message, fields) => told.push([message, fields]),
    1000,
    () => nowMs,
  );
  for (nowMs = 0; nowMs <= 2000; nowMs += 250) log('gone', { at: nowMs });
  log('other', {});
  expect(told).toEqual([
    ['gone', { at: 0 }],
    ['gone', { at: 1000, left_out: 3 }],
    ['gone', { at: 2000, left_out: 3 }],
    ['other', {}],
  ]);
});

/** Calls that log, without what hands a message on. */
const CALL = /\b(?:logger\.(?:error|warn|info|debug)|warn)\((?!message, fields\))\s*([^\n]*)/g;

// proves: logs/constant-messages
test('every message in the code is a constant', () => {
  const root = resolve(import.meta.dirname, '../../..');
  const files = globSync('packages/{api,worker,database,queue,observability}/src/**/*.ts', { cwd: root });
  const calls = files
    .filter((file) => !file.includes('.test.'))
    .flatMap((file) =>
      Array.from(readFileSync(join(root, file), 'utf8').matchAll(CALL), ([, rest]) => ({
        file,
        rest: rest!,
      })),
    )
    .filter(({ rest }) => !rest.startsWith('message: string'));
  expect(calls.length).toBeGreaterThan(25);
  expect(
    calls.filter(({ rest }) => !/^'[^']+'(,|\)|$)/.test(rest) && !/^"[^"]+"(,|\)|$)/.test(rest)),
  ).toEqual([]);
});
