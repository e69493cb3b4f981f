import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { isPublicAddress } from '@arcrun/contracts';
import { BLOCKED_ADDRESS } from './webhook-client.ts';

/**
 * Resolves a name, and refuses it when any of its addresses is not a public one: what a name resolved to when the
 * task was created says nothing about now (DNS rebinding), so it is checked where the connection is made.
 */
export const guardedLookup: LookupFunction = (hostname, options, callback) => {
  const all: LookupOptions & { all: true } = { ...options, all: true };
  dnsLookup(hostname, all, (error, addresses) => {
    if (error !== null) {
      callback(error, []);
      return;
    }
    const blocked = addresses.find(({ address }) => !isPublicAddress(address));
    if (blocked !== undefined) {
      const refusal = Object.assign(
        new Error(`${hostname} resolves to the blocked address ${blocked.address}`),
        {
          code: BLOCKED_ADDRESS,
        },
      );
      callback(refusal, []);
      return;
    }
    if (options.all === true) callback(null, addresses);
    else callback(null, firstOf(addresses).address, firstOf(addresses).family);
  });
};

function firstOf(addresses: readonly LookupAddress[]): LookupAddress {
  return addresses[0]!;
}
