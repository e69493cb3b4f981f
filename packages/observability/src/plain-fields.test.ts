import { expect, test } from 'vitest';
import { toPlainFields } from './plain-fields.ts';

// proves: logs/errors
test('an error tells what it says, its code and its causes', () => {
  const root = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
  const error = new TypeError('not written', { cause: new Error('no connection', { cause: root }) });
  expect(toPlainFields({ error })).toMatchObject({
    error: {
      name: 'TypeError',
      message: 'not written',
      stack: expect.stringContaining('plain-fields.test.ts'),
      cause: { message: 'no connection', cause: { message: 'refused', code: 'ECONNREFUSED' } },
    },
  });
  const several = new AggregateError([root, 'a text'], 'all failed');
  expect(toPlainFields({ several })).toMatchObject({
    several: { message: 'all failed', errors: [{ code: 'ECONNREFUSED' }, 'a text'] },
  });
  const endless = new Error('of itself');
  endless.cause = endless;
  expect(() => JSON.stringify(toPlainFields({ endless }))).not.toThrow();
});

// proves: logs/secrets
test.each([
  ['postgres://arcrun:pass%40word@db:5432/arcrun', 'postgres://[hidden]@db:5432/arcrun'],
  ['cannot reach redis://:hunter2@redis:6379, again', 'cannot reach redis://[hidden]@redis:6379, again'],
  ['postgres://arcrun:p@ss:w@rd@db/arcrun', 'postgres://[hidden]@db/arcrun'],
  ['https://user@host/a@b?c=d@e', 'https://[hidden]@host/a@b?c=d@e'],
  ['https://host/path@1?x=y@z', 'https://host/path@1?x=y@z'],
  ['authorization: Bearer abcdefgh12345678', 'authorization: Bearer [hidden]'],
  ['mail to someone@example.com', 'mail to someone@example.com'],
])('%s is told without what is secret', (text, told) => {
  const error = new Error(text, { cause: new Error(text) });
  const fields = toPlainFields({ text, inner: { list: [text] }, error });
  expect(fields).toMatchObject({
    text: told,
    inner: { list: [told] },
    error: { message: told, cause: { message: told } },
  });
  expect(URL.canParse(text) ? toPlainFields({ url: new URL(text) })['url'] : told).toBe(told);
});

// proves: logs/secrets
test('what has the name of a secret is hidden, whatever it is', () => {
  const headers = { 'x-api-key': 'k', authorization: 'Basic dXNlcjpwYXNz' };
  const fields = toPlainFields({
    headers,
    action: { headers },
    password: 'p',
    AUTH_TOKEN: 't',
    inner: { secret: ['s'] },
  });
  expect(JSON.stringify(fields)).not.toMatch(/"k"|dXNl|"p"|"t"|"s"/);
  expect(toPlainFields({ tokens: 2, has_password: true })).toEqual({ tokens: 2, has_password: true });
});

test('no field takes the place of a part of the line', () => {
  expect(toPlainFields({ message: 'x', level: 'y' })).toEqual({ field_message: 'x', field_level: 'y' });
});
