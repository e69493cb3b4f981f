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

/**
 * Asks once for all who ask for the same name at the same time: each question holds a thread until it is answered, and
 * a name server that is silent would soon hold all of them.
 */
export function askOnce(resolve: Resolve): Resolve {
  const asked = new Map<string, Parameters<Resolve>[2][]>();
  return (hostname, options, callback) => {
    const question = `${hostname} ${options.family ?? 0} ${options.hints ?? 0}`;
    const others = asked.get(question);
    if (others !== undefined) {
      others.push(callback);
      return;
    }
    const waiting = [callback];
    asked.set(question, waiting);
    resolve(hostname, options, (error, addresses) => {
      asked.delete(question);
      for (const each of waiting) each(error, addresses);
    });
  };
}

/** Asks as everybody on this machine does: its resolver, and /etc/hosts. */
export const guardedLookup: LookupFunction = guardLookup(askOnce(dnsLookup));

function firstOf(addresses: readonly LookupAddress[]): LookupAddress {
  return addresses[0]!;
}
