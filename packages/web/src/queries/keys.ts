/** Names of what is kept; those that begin alike can be made stale together. */
export const keys = {
  batches: ['batches'] as const,
  batch: (id: string) => ['batch', id] as const,
  rerun: (id: string, only: string) => ['batch', id, 'rerun', only] as const,
  dag: (id: string) => ['dag', id] as const,
  task: (id: string) => ['task', id] as const,
  explanation: (id: string) => ['task', id, 'explanation'] as const,
  deliveries: ['deliveries'] as const,
  overview: ['overview'] as const,
};
