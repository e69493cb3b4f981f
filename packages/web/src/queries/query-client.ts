import { QueryClient } from '@tanstack/react-query';
import { UnavailableError } from '../api/request.ts';

const RETRY_MAX_MS = 4000;

/**
 * Asks again for as long as the API is away, and never when it said no. What was read stays on the screen meanwhile; the
 * banner of the shell says that it is old.
 */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      networkMode: 'always',
      staleTime: 500,
      retry: (_count, error) => error instanceof UnavailableError,
      retryDelay: (count) => Math.min(RETRY_MAX_MS, 500 * 2 ** count),
    },
    mutations: { networkMode: 'always' },
  },
});
