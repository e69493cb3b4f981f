import { useQuery } from '@tanstack/react-query';
import { listBatches } from '../../api/batches.ts';
import type { BatchSummary } from '../../api/types.ts';
import { keys } from '../../queries/keys.ts';

/** A list by time has the batch in a span this long behind its creation. */
const SPAN_MS = 2;

/**
 * The scope and the metadata of a batch: only the list of batches tells them, so it is asked for those of that moment.
 * Undefined while it is not known, and when too many batches were made then, or the batch is in the archive.
 */
export function useBatchSummary(batchId: string, createdAt: string | undefined): BatchSummary | undefined {
  const { data } = useQuery({
    queryKey: [...keys.batch(batchId), 'summary'],
    queryFn: async ({ signal }) => {
      const { batches } = await listBatches(
        {
          created_after: createdAt,
          created_before: new Date(Date.parse(createdAt!) + SPAN_MS).toISOString(),
        },
        signal,
      );
      return batches.find((batch) => batch.batch_id === batchId) ?? null;
    },
    enabled: createdAt !== undefined,
    staleTime: Infinity,
  });
  return data ?? undefined;
}
