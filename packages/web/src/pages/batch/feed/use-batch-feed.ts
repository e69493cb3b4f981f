import { useEffect, useState, useSyncExternalStore } from 'react';
import { BatchFeed, type FeedState, refreshAfterActions } from './batch-feed.ts';

const LOADING: FeedState = { view: undefined, error: undefined, source: 'loading' };
const subscribeToNothing = (): (() => void) => () => undefined;
const loading = (): FeedState => LOADING;

/** Follows a batch for as long as the component is there. */
export function useBatchFeed(batchId: string): FeedState & { readonly refresh: () => void } {
  const [feed, setFeed] = useState<BatchFeed>();
  useEffect(() => {
    const opened = new BatchFeed(batchId);
    const leave = refreshAfterActions(opened);
    setFeed(opened);
    return () => {
      leave();
      opened.close();
    };
  }, [batchId]);
  const state = useSyncExternalStore(feed?.subscribe ?? subscribeToNothing, feed?.state ?? loading);
  return { ...state, refresh: () => feed?.refresh() };
}
