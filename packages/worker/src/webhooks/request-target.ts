/**
 * Path and query of a URL as they were written, for the request line. Only what HTTP cannot carry there is
 * percent-encoded.
 */
export function requestTarget(url: string): string {
  const authority = url.indexOf('//') + 2;
  const end = url.search(/#/) === -1 ? url.length : url.indexOf('#');
  const start = url.slice(authority, end).search(/[/?\\]/);
  if (start === -1) return '/';
  const target = url.slice(authority + start, end).replaceAll(/[^\u0021-\u007e]+/g, encodeURIComponent);
  return target.startsWith('?') ? `/${target}` : target;
}

/** Adds a query parameter behind those that the URL has, before its fragment; the rest stays as it is. */
export function addQueryParameter(url: string, name: string, value: string): string {
  const hash = url.indexOf('#');
  const base = hash === -1 ? url : url.slice(0, hash);
  const fragment = hash === -1 ? '' : url.slice(hash);
  const separator = !base.includes('?') ? '?' : /[?&]$/.test(base) ? '' : '&';
  return `${base}${separator}${name}=${encodeURIComponent(value)}${fragment}`;
}
