import { useSyncExternalStore } from 'react';

let isAway = false;
const listeners = new Set<() => void>();

function set(value: boolean): void {
  if (isAway === value) return;
  isAway = value;
  for (const listener of listeners) listener();
}

/** The API answered, whatever it said. */
export const reportAnswer = (): void => set(false);

/** The API did not answer. */
export const reportSilence = (): void => set(true);

/** Whether the last call got no answer. */
export function useIsAway(): boolean {
  return useSyncExternalStore(subscribe, () => isAway);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
