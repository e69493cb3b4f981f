import ipaddr from 'ipaddr.js';
import { HOST_MAX_LENGTH, URL_MAX_BYTES } from './limits.ts';
import type { UrlGuardSettings } from './limits.ts';

const PUBLIC_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');
const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96');

/** Anything that the URL parser would drop or that no request line can carry. */
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const UNSENDABLE = /[\u0000-\u0020\u007f]/;

/** The IPv4 address in the last 32 bits. */
function embeddedIpv4(address: ipaddr.IPv6): ipaddr.IPv4 {
  return new ipaddr.IPv4(address.toByteArray().slice(12));
}

/**
 * Whether an address, as DNS gives it or as a URL spells it, is public unicast. A mapped or NAT64 address is judged
 * by the IPv4 address inside, since resolvers make those for public hosts; IPv4-compatible, 6to4 and Teredo
 * addresses are obsolete tunnels into anywhere and never public. What is no address is not public.
 */
export function isPublicAddress(ip: string): boolean {
  const bare = ip.startsWith('[') && ip.endsWith(']') ? ip.slice(1, -1) : ip;
  // A zone means a link-local scope, whatever the address.
  if (bare.includes('%')) return false;
  if (ipaddr.IPv4.isValidFourPartDecimal(bare)) return ipaddr.IPv4.parse(bare).range() === 'unicast';
  if (!ipaddr.IPv6.isValid(bare)) return false;
  const address = ipaddr.IPv6.parse(bare);
  if (address.isIPv4MappedAddress() || address.match(NAT64)) {
    return embeddedIpv4(address).range() === 'unicast';
  }
  return address.match(PUBLIC_IPV6) && address.range() === 'unicast';
}

/** A host name in the form in which names are compared: lower case, without brackets and trailing dots. */
function comparableHost(host: string): string {
  return host
    .trim()
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.+$/, '');
}

function isAddress(host: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(host) || ipaddr.IPv6.isValid(host);
}

/** The one spelling of an address; other host names as they are. */
function canonicalHost(host: string): string {
  return isAddress(host) ? ipaddr.parse(host).toString() : host;
}

/** The settings' lists in comparable form, made once for each settings object. */
const preparedLists = new WeakMap<UrlGuardSettings, { names: Set<string>; suffixes: string[] }>();

function blockedLists(settings: UrlGuardSettings): { names: Set<string>; suffixes: string[] } {
  const known = preparedLists.get(settings);
  if (known !== undefined) return known;
  const lists = {
    names: new Set(settings.blockedHostnames.map((name) => canonicalHost(comparableHost(name)))),
    suffixes: settings.blockedHostnameSuffixes
      .map(comparableHost)
      .filter((suffix) => suffix !== '')
      .map((suffix) => (suffix.startsWith('.') ? suffix : `.${suffix}`)),
  };
  preparedLists.set(settings, lists);
  return lists;
}

/** Whether a host name (no address) is blocked by the settings. */
function isBlockedName(host: string, settings: UrlGuardSettings): boolean {
  const { names, suffixes } = blockedLists(settings);
  return names.has(canonicalHost(host)) || suffixes.some((suffix) => host.endsWith(suffix));
}

/**
 * Judges the URL of an action without asking DNS; the addresses that DNS gives are judged by
 * {@link isPublicAddress} when the call is made. URL parsing follows WHATWG, as the sender's does, so that numbers
 * in any base, escapes and look-alike dots are seen as what they connect to.
 *
 * @returns null when it may be called, else why not
 */
export function checkUrl(url: string, settings: UrlGuardSettings): string | null {
  if (Buffer.byteLength(url) > URL_MAX_BYTES) return `must be at most ${URL_MAX_BYTES} bytes long`;
  if (UNSENDABLE.test(url) || !url.isWellFormed()) {
    return 'must not contain spaces or control characters; write them percent-encoded';
  }
  const parsed = URL.parse(url);
  if (parsed === null) return 'must be an absolute http or https URL';
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') return 'must be an http or https URL';
  // The parser takes any number of slashes; what sends it, and reads the path from it, takes two.
  if (!/^https?:\/\/[^/\\]/i.test(url)) return 'must have a host behind //';
  if (parsed.hostname.length > HOST_MAX_LENGTH)
    return `must have a host of at most ${HOST_MAX_LENGTH} characters`;
  if (settings.skipSsrfValidation) return null;
  const host = comparableHost(parsed.hostname);
  if (host === '' || isBlockedName(host, settings)) return `the host ${parsed.hostname} is blocked`;
  if (isAddress(host) && !isPublicAddress(host)) return `the address ${host} is not a public one`;
  return null;
}
