import { AsyncLocalStorage } from 'node:async_hooks';

const scope = new AsyncLocalStorage<string>();

/** Runs what a request asks for: log lines and bells of it carry its id. */
export const runInRequest = <T>(requestId: string, run: () => T): T => scope.run(requestId, run);

/** The id of the request that is being served. */
export const currentRequestId = (): string | undefined => scope.getStore();
