import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type RunningApi, startApi } from '../../testing/running-api.ts';

const TOKEN = 'the-first-of-the-tokens';
const OTHER_TOKEN = 'the-second-of-the-tokens';
const PAGE = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
const FORM = { ...PAGE, 'content-type': 'application/x-www-form-urlencoded' };

const start = (settings: Readonly<Record<string, string>>): Promise<RunningApi> =>
  startApi({ templateUrl: inject('templateUrl'), redisUrl: inject('redisUrl'), settings });

let api: RunningApi;
beforeAll(async () => {
  api = await start({
    AUTH_TOKEN: `${TOKEN}, ${OTHER_TOKEN}`,
    HOST_URL: 'https://arcrun.example/below/',
  });
});
afterAll(() => api.close());

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** Signs in as a browser does. */
const signIn = (token: string, query = '', headers: Readonly<Record<string, string>> = {}) =>
  api.call('POST', `/sign-in${query}`, {
    headers: { ...FORM, origin: 'https://arcrun.example', ...headers },
    body: new URLSearchParams({ token }).toString(),
  });

/** What the browser sends back of the cookie that it was given. */
const cookieOf = ({ headers }: { headers: Headers }) => headers.get('set-cookie')!.split(';', 1)[0]!;

describe('programs', () => {
  // proves: settings/auth
  test.each([
    ['GET', '/task'],
    ['POST', '/task'],
    ['PUT', '/task/01990000-0000-7000-8000-000000000000'],
    ['GET', '/batch/01990000-0000-7000-8000-000000000000'],
    ['GET', '/batch/01990000-0000-7000-8000-000000000000/events'],
    ['GET', '/metrics'],
    ['GET', '/view/assets/index.js'],
    ['GET', '/api-docs/openapi.json'],
    ['GET', '/swagger-ui/swagger-ui.css'],
    ['GET', '/admin/queues/api/queues'],
    ['GET', '/nothing'],
    ['GET', '/ready/'.concat('x')],
    ['POST', '/sign-in-files/sign-in.css'],
  ])('%s %s needs a token', async (method, path) => {
    const { status, headers, json } = await api.call(method, path);
    expect(status).toBe(401);
    expect(headers.get('www-authenticate')).toBe('Bearer');
    expect(json).toEqual({ error: expect.any(String), status: 401, code: 'unauthorized' });
  });

  // proves: settings/auth
  test('every documented call needs one, but for the two of probes', async () => {
    const { json: document } = await api.call('GET', '/api-docs/openapi.json', { headers: bearer(TOKEN) });
    const calls = Object.entries<object>(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(calls.length).toBeGreaterThan(20);
    const open: string[] = [];
    for (const call of calls) {
      const [method = '', path = ''] = call.split(' ');
      const { status } = await api.call(
        method,
        path.replaceAll(/\{\w+\}/g, '01990000-0000-7000-8000-000000000000'),
      );
      if (status !== 401) open.push(call);
    }
    expect(open).toEqual(['GET /health', 'GET /ready']);
  });

  // proves: settings/auth
  test.each([
    ['the first', bearer(TOKEN), 200],
    ['the second', bearer(OTHER_TOKEN), 200],
    ['in other letters of the scheme', { authorization: `bearer ${TOKEN}` }, 200],
    ['a wrong one', bearer(`${TOKEN}x`), 401],
    ['the beginning of one', bearer(TOKEN.slice(0, -1)), 401],
    ['all of them', bearer(`${TOKEN},${OTHER_TOKEN}`), 401],
    ['in another scheme', { authorization: `Basic ${btoa(`x:${TOKEN}`)}` }, 401],
    ['as a session', { cookie: `arcrun_session=${TOKEN}` }, 401],
  ])('%s', async (_name, headers, expected) => {
    expect((await api.call('GET', '/task', { headers })).status).toBe(expected);
  });

  test('a call is not looked at before its token', async () => {
    const headers = { 'content-type': 'application/json' };
    expect((await api.call('POST', '/task', { headers, body: '{' })).status).toBe(401);
    expect(
      (await api.call('POST', '/task', { headers: { ...headers, ...bearer(TOKEN) }, body: '{' })).status,
    ).toBe(400);
  });

  // proves: settings/auth-open
  test.each(['/health', '/ready', '/sign-in', '/sign-in-files/sign-in.css', '/sign-in-files/icon.svg'])(
    '%s is open',
    async (path) => {
      expect((await api.call('GET', path)).status).toBe(200);
    },
  );
});

test.each([
  [416, { range: 'bytes=99999999-' }],
  [412, { 'if-match': '"x"' }],
])('what cannot be had of a file is %i, and no error of ours', async (expected, headers) => {
  const { status, json } = await api.call('GET', '/sign-in-files/icon.svg', { headers });
  expect([status, json.status]).toEqual([expected, expected]);
});

describe('a browser without a session', () => {
  // proves: settings/sign-in-pages, settings/relative-pages
  test.each([
    ['/view?batch=1&x=%20', 'sign-in?to=view%3Fbatch%3D1%26x%3D%2520'],
    ['/', 'sign-in?to='],
    ['/swagger-ui/', '../sign-in?to=swagger-ui%2F'],
    ['/admin/queues/queue/start', '../../../sign-in?to=admin%2Fqueues%2Fqueue%2Fstart'],
  ])('is led from %s to the sign-in page, relative to where it is', async (path, location) => {
    const { status, headers } = await api.call('GET', path, { headers: PAGE });
    expect(status).toBe(302);
    expect(headers.get('location')).toBe(location);
  });

  test('is led nowhere when it wanted to change something', async () => {
    expect((await api.call('DELETE', '/batch/1', { headers: PAGE })).status).toBe(401);
  });

  test('is shown a page that sends the token to where it is, under the policy of all pages', async () => {
    const { text, headers } = await api.call('GET', '/sign-in?to=view');
    expect(text).toContain('<form method="post">');
    expect(text).not.toContain('<script');
    expect(headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(headers.get('cache-control')).toBe('no-store');
    expect((await api.call('GET', '/sign-in/?to=view')).headers.get('location')).toBe('../sign-in?to=view');
  });

  test('that follows a foreign link has kept its cookie to itself, and is sent on once to show it', async () => {
    const from = (site: string) =>
      api.call('GET', '/sign-in?to=view%3Fbatch%3D1', { headers: { 'sec-fetch-site': site } });
    const foreign = await from('cross-site');
    expect(foreign.headers.get('refresh')).toBe('0; url=./view?batch=1');
    // What is filled in on the way would be lost.
    expect(foreign.text).not.toContain('<form');
    expect(foreign.text).toContain('<a href="./view?batch=1">');
    const own = await from('same-origin');
    expect(own.headers.get('refresh')).toBeNull();
    expect(own.text).toContain('<form');
  });
});

describe('signing in', () => {
  // proves: settings/sign-in-cookie
  test('gives a cookie that no script and no foreign page gets, without the token in it', async () => {
    const answer = await signIn(TOKEN);
    const cookie = answer.headers.get('set-cookie')!;
    const attributes = cookie.split('; ').slice(1);
    expect(attributes.sort()).toEqual([
      'HttpOnly',
      'Max-Age=604800',
      'Path=/below',
      'SameSite=Strict',
      'Secure',
    ]);
    expect(cookie).not.toContain(TOKEN);
    expect(cookie).not.toContain(Buffer.from(TOKEN).toString('base64').slice(0, 16));
  });

  test.each([
    ['', './view'],
    ['?to=', './'],
    ['?to=view%3Fbatch%3D1', './view?batch=1'],
    ['?to=admin%2Fqueues', './admin/queues'],
    ['?to=https%3A%2F%2Fevil.example%2F', './https://evil.example/'],
    ['?to=%2F%2Fevil.example', './//evil.example'],
    ['?to=%5C%5Cevil.example', './//evil.example'],
    ['?to=..%2F..%2Fother', './other'],
    ['?to=%0d%0aset-cookie%3Ax', './set-cookie:x'],
    ['?to=a&to=b', './view'],
  ])('with %j leads to %s', async (query, location) => {
    const { status, headers } = await signIn(TOKEN, query);
    expect(status).toBe(303);
    expect(headers.get('location')).toBe(location);
  });

  test('works with each token, and with blanks around it', async () => {
    expect((await signIn(OTHER_TOKEN)).status).toBe(303);
    expect((await signIn(` ${TOKEN}\n`)).status).toBe(303);
  });

  test.each(['', 'wrong', `${TOKEN}x`])('with %j is refused on the same page', async (token) => {
    const { status, headers, text } = await signIn(token);
    expect(status).toBe(401);
    expect(headers.get('set-cookie')).toBeNull();
    expect(headers.get('content-type')).toContain('text/html');
    expect(text).toContain('role="alert"');
  });

  test('is not possible from a foreign page, nor with a large body', async () => {
    expect((await signIn(TOKEN, '', { origin: 'https://evil.example' })).status).toBe(403);
    expect((await signIn(TOKEN.repeat(1000))).status).toBe(413);
  });
});

describe('a session', () => {
  let cookie: string;
  beforeAll(async () => {
    cookie = cookieOf(await signIn(TOKEN));
  });

  const as = (headers: Readonly<Record<string, string>>, method: string, path: string) =>
    api.call(method, path, { headers: { cookie, ...headers } });

  test.each(['/view', '/swagger-ui/', '/task', '/metrics', '/api-docs/openapi.json'])(
    'opens %s',
    async (path) => {
      expect((await as(PAGE, 'GET', path)).status).toBe(200);
    },
  );

  // proves: settings/sign-in-pages, http/bull-board
  test('opens Bull Board', async () => {
    await expect.poll(async () => (await as(PAGE, 'GET', '/admin/queues')).status).toBe(200);
  });

  test('stands among other cookies, also of the same name', async () => {
    const cookies = `a=b; arcrun_session=of-another-port; ${cookie};c`;
    expect((await api.call('GET', '/task', { headers: { cookie: cookies } })).status).toBe(200);
  });

  // proves: settings/sign-in-cookie
  test.each([
    ['of a later end', (good: string) => good.replace(/=\d+/, `=${Date.now() + 8 * 86_400_000}`)],
    ['of another signature', (good: string) => good.replace(/.{8}$/, '00000000')],
    ['without signature', (good: string) => good.replace(/\..*/, '')],
    ['without end', (good: string) => good.replace(/=\d+/, '=')],
    ['of another name', (good: string) => good.replace('arcrun', 'ARCRUN')],
  ])('%s is none', async (_name, forge) => {
    expect((await api.call('GET', '/task', { headers: { cookie: forge(cookie) } })).status).toBe(401);
  });

  // proves: settings/sign-in-origin
  test.each([
    ['from the page at HOST_URL', { origin: 'https://arcrun.example' }, 404],
    ['from a foreign page', { origin: 'https://evil.example' }, 403],
    ['from a host that begins alike', { origin: 'https://arcrun.example.evil.example' }, 403],
    ['from HOST_URL without TLS', { origin: 'http://arcrun.example' }, 403],
    ['from a page without an origin', { origin: 'null' }, 403],
    ['from nowhere', {}, 403],
  ])('a change %s', async (_name, headers, expected) => {
    for (const method of ['PATCH', 'DELETE']) {
      const path = '/task/01990000-0000-7000-8000-000000000000';
      const { status, json } = await api.call(method, path, { headers: { cookie, ...headers }, body: {} });
      expect(status).toBe(expected);
      expect(json).toMatchObject({ error: expect.any(String), status: expected });
    }
  });

  test("a change from a page at the request's own host, which HOST_URL does not name", async () => {
    expect((await as({ origin: api.url }, 'DELETE', '/task/x')).status).toBe(404);
  });

  test('a program with a token has no origin, and a wrong token is not mended by a cookie', async () => {
    const foreign = { origin: 'https://evil.example' };
    expect((await as({ ...bearer(TOKEN), ...foreign }, 'DELETE', '/task/x')).status).toBe(404);
    expect((await as(bearer('wrong'), 'GET', '/task')).status).toBe(401);
  });

  test('stands beside what a proxy asks for itself', async () => {
    expect((await as({ authorization: 'Basic eDp5' }, 'GET', '/task')).status).toBe(200);
  });

  test('is said on the sign-in page, and ended by signing out, from our own page only', async () => {
    expect((await as(PAGE, 'GET', '/sign-in')).text).toContain('action="sign-out"');
    expect((await as(PAGE, 'GET', '/view')).text).toContain('action="sign-out"');
    expect((await as({}, 'POST', '/sign-out')).status).toBe(403);
    const { status, headers } = await as({ origin: 'https://arcrun.example' }, 'POST', '/sign-out');
    expect(status).toBe(303);
    expect(headers.get('location')).toBe('sign-in');
    expect(headers.get('set-cookie')).toBe(
      'arcrun_session=; Max-Age=0; Path=/below; HttpOnly; SameSite=Strict; Secure',
    );
  });

  test('is known to every process, and ends with its token', async () => {
    const twin = await start({ AUTH_TOKEN: TOKEN });
    const statusOf = async (token: string) =>
      (await twin.call('GET', '/task', { headers: { cookie: cookieOf(await signIn(token)) } })).status;
    expect(await statusOf(TOKEN)).toBe(200);
    expect(await statusOf(OTHER_TOKEN)).toBe(401);
    const plain = await twin.call('POST', '/sign-in', { headers: FORM, body: `token=${TOKEN}` });
    expect(plain.headers.get('set-cookie')).toMatch(/; Path=\/; HttpOnly; SameSite=Strict$/);
    await twin.close();
  });
});

// proves: settings/auth-unset
test('without AUTH_TOKEN everything is open, and nobody has to sign in', async () => {
  const open = await start({});
  const { text } = await open.call('GET', '/view', { headers: PAGE });
  expect(text).not.toContain('sign-out');
  expect((await open.call('DELETE', '/task/x')).status).toBe(404);
  expect((await open.call('GET', '/sign-in')).headers.get('location')).toBe('view');
  await open.close();
});
