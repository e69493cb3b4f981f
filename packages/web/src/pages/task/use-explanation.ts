import { keepPreviousData, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { explainTask } from '../../api/tasks.ts';
import type { Explanation, Status } from '../../api/types.ts';
import { isEnded } from '../../components/statuses.ts';
import { keys } from '../../queries/keys.ts';

const POLL_MS = 2000;

/** Why a task has not started, or what it is doing; asked for until it has ended, and at once when its status changes. */
export function useExplanation(id: string, status: Status): UseQueryResult<Explanation> {
  return useQuery({
    queryKey: [...keys.explanation(id), status],
    queryFn: ({ signal }) => explainTask(id, signal),
    refetchInterval: POLL_MS,
    placeholderData: keepPreviousData,
    enabled: !isEnded(status),
  });
}
