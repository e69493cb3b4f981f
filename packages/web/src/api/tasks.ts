import { call, get } from './request.ts';
import type { Explanation, Task } from './types.ts';

const pathOf = (id: string): string => `task/${encodeURIComponent(id)}`;

export const getTask = (id: string, signal?: AbortSignal): Promise<Task> => get(pathOf(id), signal);

export const explainTask = (id: string, signal?: AbortSignal): Promise<Explanation> =>
  get(`${pathOf(id)}/explain`, signal);

export async function cancelTask(id: string): Promise<void> {
  await call('DELETE', pathOf(id));
}

export async function pauseTask(id: string): Promise<void> {
  await call('PATCH', `task/pause/${encodeURIComponent(id)}`);
}

export async function resumeTask(id: string): Promise<void> {
  await call('PATCH', `task/resume/${encodeURIComponent(id)}`);
}
