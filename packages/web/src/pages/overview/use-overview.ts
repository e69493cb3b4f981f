import type { OverviewDto } from '@arcrun/contracts';
import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { get } from '../../api/request.ts';
import { keys } from '../../queries/keys.ts';

const POLL_MS = 3000;

export type Overview = OverviewDto;
export type Minute = OverviewDto['series'][number];
export type BusyKind = OverviewDto['kinds'][number];
export type FullRule = OverviewDto['rules'][number];
export type Worker = OverviewDto['workers'][number];

/** What goes on in the whole fleet. */
export function useOverview(): UseQueryResult<Overview> {
  return useQuery({
    queryKey: keys.overview,
    queryFn: ({ signal }) => get<Overview>('overview', signal),
    refetchInterval: POLL_MS,
  });
}
