import { describe, expect, test } from 'vitest';
import { DEFAULT_BATCH_LIMITS } from './limits.ts';
import { checkUrl, isPublicAddress } from './url-guard.ts';

const INTERNAL_HOSTS = [
  // names
  'localhost',
  'LOCALHOST',
  'localhost.',
  'localhost..',
  'foo.localhost',
  'local',
  'internal',
  'db.internal',
  'db.INTERNAL.',
  'printer.local',
  'host.localdomain',
  'l%6fcalhost',
  'ⓛocalhost',
  'foo。local',
  // loopback in every notation
  '127.0.0.1',
  '127.0.0.1.',
  '127.1',
  '127.0.1',
  '127.255.255.254',
  '2130706433',
  '0x7f000001',
  '0x7f.1',
  '0X7F.0.0.1',
  '017700000001',
  '0177.0.0.1',
  '0177.0x0.0.1',
  '127。0。0。1',
  '\uff11\uff12\uff17.0.0.1',
  '%31%32%37.0.0.1',
  '①②⑦.0.0.1',
  'user:password@127.0.0.1',
  'example.com@127.0.0.1',
  // other ranges that are not public
  '0',
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '012.0.0.1',
  '167772161',
  '100.64.0.1',
  '169.254.169.254',
  '0xa9fea9fe',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.1',
  '192.0.2.1',
  '192.168.1.1',
  '192.168.257',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.1',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  // IPv6
  '[::]',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[fe80::1]',
  '[fec0::1]',
  '[fc00::1]',
  '[fd12:3456::1]',
  '[ff02::1]',
  '[100::1]',
  '[2001:db8::1]',
  '[3fff::1]',
  '[2001:2::1]',
  '[2001:10::1]',
  '[5f00::1]',
  '[4000::1]',
  // IPv4 inside IPv6
  '[::ffff:127.0.0.1]',
  '[::FFFF:7F00:1]',
  '[::ffff:10.0.0.1]',
  '[::ffff:a9fe:a9fe]',
  '[::127.0.0.1]',
  '[::8.8.8.8]',
  '[::ffff:0:127.0.0.1]',
  '[64:ff9b::127.0.0.1]',
  '[64:ff9b::a00:1]',
  '[64:ff9b:1::1]',
  '[2002:7f00:1::]',
  '[2002:a00:1::1]',
  '[2001:0:4136:e378:8000:63bf:3fff:fdd2]',
];

const PUBLIC_HOSTS = [
  'example.com',
  'EXAMPLE.com.',
  'user:password@example.com:8443',
  'localhost.example.com',
  'notlocal',
  'bücher.example',
  '8.8.8.8',
  '134744072',
  '0x08080808',
  '1.1.1.1',
  '100.63.255.255',
  '100.128.0.1',
  '172.15.0.1',
  '172.32.0.1',
  '192.167.255.255',
  '198.17.0.1',
  '223.255.255.254',
  '[2606:4700:4700::1111]',
  '[2A00:1450:4001::1]',
  '[::ffff:8.8.8.8]',
  '[64:ff9b::8.8.8.8]',
];

// proves: webhooks/ssrf-addresses, webhooks/ssrf-names
describe('an internal host is refused in any notation', () => {
  test.each(INTERNAL_HOSTS)('%s', (host) => {
    expect(checkUrl(`http://${host}/hook`, DEFAULT_BATCH_LIMITS)).toMatch(/is blocked|not a public one/);
  });

  // proves: webhooks/ssrf-off
  test.each(INTERNAL_HOSTS)('%s is let through for local use', (host) => {
    expect(
      checkUrl(`https://${host}:8080/hook`, { ...DEFAULT_BATCH_LIMITS, skipSsrfValidation: true }),
    ).toBeNull();
  });
});

// proves: webhooks/ssrf-addresses
describe('a URL that readers take for different hosts is judged by the one that is called', () => {
  test.each([
    'http://127.0.0.1\\@example.com/',
    'http://127.0.0.1#@example.com/',
    'http://127.0.0.1?@example.com/',
    'http://example.com:80@127.0.0.1/',
    'HTTP://LocalHost:80/',
    'https://:@127.1/',
  ])('%s', (url) => {
    expect(checkUrl(url, DEFAULT_BATCH_LIMITS)).toMatch('is blocked');
  });
});

describe('a public host passes', () => {
  test.each(PUBLIC_HOSTS)('%s', (host) => {
    expect(checkUrl(`https://${host}/hook?a=1#b`, DEFAULT_BATCH_LIMITS)).toBeNull();
  });
});

// proves: webhooks/ssrf-scheme
describe('a URL that cannot be called is refused, checked or not', () => {
  test.each([
    'ftp://example.com/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'example.com/hook',
    '//example.com/hook',
    'http:example.com/hook',
    'http:/example.com/hook',
    'http:///example.com/hook',
    'http:\\\\example.com/hook',
    '',
    'http://',
    'http://exa mple.com/',
    ' http://example.com/',
    'http://example.com/\n',
    'http://exam\tple.com/',
    'http://example.com/\0',
    'http://[::1',
    'http://[fe80::1%25eth0]/',
    'http://256.256.256.256/',
    'http://example.com:99999/',
    'http://example.com/\ud800',
    `http://example.com/${'a'.repeat(8192)}`,
  ])('%j', (url) => {
    expect(checkUrl(url, DEFAULT_BATCH_LIMITS)).not.toBeNull();
    expect(checkUrl(url, { ...DEFAULT_BATCH_LIMITS, skipSsrfValidation: true })).not.toBeNull();
  });
});

// proves: webhooks/ssrf-names
test('the lists of the settings are compared without regard to case, brackets and trailing dots', () => {
  const settings = {
    skipSsrfValidation: false,
    blockedHostnames: ['Evil.Example.', '2606:4700:4700:0::1111'],
    blockedHostnameSuffixes: ['corp', '.lan.'],
  };
  const isBlocked = (host: string): boolean => checkUrl(`http://${host}/`, settings) !== null;
  const blocked = ['evil.example', 'EVIL.example.', '[2606:4700:4700::1111]', 'a.corp', 'a.LAN.'];
  expect(blocked.filter(isBlocked)).toEqual(blocked);
  expect(['not-evil.example', 'acorp', 'localhost'].filter(isBlocked)).toEqual([]);
});

// proves: webhooks/ssrf-addresses
describe('addresses as DNS gives them', () => {
  test.each([
    '127.0.0.1',
    '10.1.2.3',
    '::1',
    'fe80::1%eth0',
    '::ffff:192.168.0.1',
    '2002:7f00:1::',
    '2606::1%1',
    'x',
    '',
  ])('%j is not public', (ip) => expect(isPublicAddress(ip)).toBe(false));
  test.each(['8.8.8.8', '::ffff:8.8.8.8', '2606:4700::1', '[2606:4700::1]'])('%s is public', (ip) =>
    expect(isPublicAddress(ip)).toBe(true),
  );
});

test.each([
  ['https://' + `${'a'.repeat(62)}.`.repeat(4) + 'b', null],
  ['https://' + `${'a'.repeat(62)}.`.repeat(4) + 'bb', 'must have a host of at most 253 characters'],
  ['https://' + 'ü'.repeat(300) + '.example', 'must have a host of at most 253 characters'],
])('a host is no longer than DNS can carry: %s', (url, fault) => {
  for (const skipSsrfValidation of [false, true])
    expect(checkUrl(url, { ...DEFAULT_BATCH_LIMITS, skipSsrfValidation })).toBe(fault);
});
