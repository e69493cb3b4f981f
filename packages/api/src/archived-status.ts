import { type Database, findArchivedStatus } from '@arcrun/database';
import type { TerminalStatus } from '@arcrun/domain';
import { notFound } from './http/errors.ts';

/**
 * How a task ended that is not among the others any more.
 *
 * @throws ApiError 404 when it is not in the archive either
 */
export async function archivedStatus({ db }: Database, id: string): Promise<TerminalStatus> {
  const status = await findArchivedStatus(db, id);
  if (status === null) throw notFound('Task');
  return status;
}
