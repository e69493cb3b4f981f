import { lookup as dnsLookup, type LookupAddress, type LookupAllOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { isPublicAddress } from '@arcrun/contracts';
import { BLOCKED_ADDRESS } from './webhook-client.ts';

/** Gives all addresses of a name. */
export type Resolve = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * Resolves a name, and refuses it when any of its addresses is not a public one: what a name resolved to when the
 * task was created says nothing about now (DNS rebinding), so it is checked where the connection is made, on the very
 * addresses that it is made to.
 */
export function guardLookup(resolve: Resolve): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
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
}

/** Asks as everybody on this machine does: its resolver, and /etc/hosts. */
export const guardedLookup: LookupFunction = guardLookup(dnsLookup);

function firstOf(addresses: readonly LookupAddress[]): LookupAddress {
  return addresses[0]!;
}
