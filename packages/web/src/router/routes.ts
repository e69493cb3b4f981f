const BATCH_TABS = ['graph', 'table', 'timeline'] as const;
export type BatchTab = (typeof BATCH_TABS)[number];

/** Every place of the UI. All lie at `view`, told apart by the query: so relative URLs hold everywhere. */
export type Route =
  | { readonly page: 'batches' }
  | { readonly page: 'overview' }
  | { readonly page: 'deliveries' }
  | { readonly page: 'batch'; readonly batchId: string; readonly tab: BatchTab }
  | { readonly page: 'task'; readonly taskId: string };

export type Parameters = Readonly<Record<string, string | undefined>>;

/** The place that a query names; the list of batches when it names none. */
export function readRoute(query: URLSearchParams): Route {
  const batchId = query.get('batch');
  if (batchId !== null) {
    const tab = BATCH_TABS.find((name) => name === query.get('tab')) ?? 'graph';
    return { page: 'batch', batchId: batchId.trim(), tab };
  }
  const taskId = query.get('task');
  if (taskId !== null) return { page: 'task', taskId: taskId.trim() };
  const page = query.get('page');
  return page === 'overview' || page === 'deliveries' ? { page } : { page: 'batches' };
}

/** The relative URL of a place, with what else the view of it is to show. */
export function toUrl(route: Route, parameters: Parameters = {}): string {
  const query = new URLSearchParams();
  if (route.page === 'batch') {
    query.set('batch', route.batchId);
    if (route.tab !== 'graph') query.set('tab', route.tab);
  } else if (route.page === 'task') query.set('task', route.taskId);
  else if (route.page !== 'batches') query.set('page', route.page);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== '') query.set(name, value);
  }
  return query.size === 0 ? 'view' : `view?${query}`;
}
