import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { headersOf, SIGNED_CALLS } from '@arcrun/client/testing';
import { expect, test } from 'vitest';

const run = promisify(execFile);

const OTHER = `whsec_${'b'.repeat(32)}`;

interface Case {
  readonly what: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly secrets: readonly string[];
  readonly now: number;
  readonly isRight: boolean;
}

const CASES = SIGNED_CALLS.flatMap((signed): Case[] => {
  const { secret, timestamp, body, signature } = signed;
  const headers = headersOf(signed);
  const right = { what: 'as it is', headers, body, secrets: [secret], now: timestamp, isRight: true };
  const wrong = { ...right, isRight: false };
  const withHeader = (name: string, value: string) => ({ ...headers, [name]: value });
  return [
    right,
    { ...right, what: 'one of two secrets', secrets: [OTHER, secret] },
    {
      ...right,
      what: 'one of several signatures',
      headers: withHeader('webhook-signature', `v1,AAAA v2,AAAA ${signature} v1,`),
    },
    { ...right, what: 'five minutes late', now: timestamp + 300 },
    { ...wrong, what: 'too late', now: timestamp + 301 },
    { ...wrong, what: 'too early', now: timestamp - 301 },
    { ...wrong, what: 'another body', body: `${body} ` },
    { ...wrong, what: 'another secret', secrets: [OTHER] },
    { ...wrong, what: 'another id', headers: withHeader('webhook-id', 'msg_other') },
    { ...wrong, what: 'another time', headers: withHeader('webhook-timestamp', String(timestamp + 1)) },
    {
      ...wrong,
      what: 'another version',
      headers: withHeader('webhook-signature', signature.replace('v1', 'v2')),
    },
    { ...wrong, what: 'no time', headers: withHeader('webhook-timestamp', 'hello') },
    { ...wrong, what: 'no headers', headers: {} },
  ];
});
const RIGHT = CASES.map(({ isRight }) => isRight);

async function exampleOf(language: string): Promise<string> {
  const page = await readFile(resolve(import.meta.dirname, '../../docs/receivers.md'), 'utf8');
  return new RegExp(`^## Verifying signatures\n.*?^\`\`\`${language}\n(.*?)^\`\`\``, 'ms').exec(page)![1]!;
}

// proves: client/signature-examples
test('the check in Node', async () => {
  const source = `data:text/javascript,${encodeURIComponent(await exampleOf('js'))}`;
  const { isSigned } = (await import(source)) as {
    isSigned: (headers: object, body: string, secrets: readonly string[], now: number) => boolean;
  };
  expect(CASES.map(({ headers, body, secrets, now }) => isSigned(headers, body, secrets, now))).toEqual(
    RIGHT,
  );
});

const hasPython = await run('python3', ['--version']).then(
  () => true,
  () => false,
);

// proves: client/signature-examples
test.skipIf(!hasPython)('the check in Python', async () => {
  const script = `${await exampleOf('python')}
import json, sys
print(json.dumps([
    is_signed(case["headers"], case["body"].encode(), case["secrets"], case["now"])
    for case in json.loads(sys.argv[1])
]))`;
  const { stdout } = await run('python3', ['-c', script, JSON.stringify(CASES)]);
  expect(JSON.parse(stdout)).toEqual(RIGHT);
});
