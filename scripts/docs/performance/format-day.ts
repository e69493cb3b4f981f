/** A moment (RFC 3339) as its day in UTC, as people write it. */
export const formatDay = (time: string): string =>
  new Date(time).toLocaleDateString('en-GB', { dateStyle: 'long', timeZone: 'UTC' });
