import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { getTask } from '../api/tasks.ts';
import type { Task } from '../api/types.ts';
import { isEnded } from '../components/statuses.ts';
import { keys } from './keys.ts';

const POLL_MS = 1000;

/** The whole task, looked at again until it has ended. */
export function useTask(id: string): UseQueryResult<Task> {
  return useQuery({
    queryKey: keys.task(id),
    queryFn: ({ signal }) => getTask(id, signal),
    refetchInterval: ({ state }) =>
      state.data !== undefined && isEnded(state.data.status) ? false : POLL_MS,
  });
}
