import { type ArchivedEnd, type Database, findArchivedEnd } from '@arcrun/database';
import { notFound } from './http/errors.ts';

/**
 * How a task ended that is not among the others any more.
 *
 * @throws ApiError 404 when it is not in the archive either
 */
export async function archivedEnd({ db }: Database, id: string): Promise<ArchivedEnd> {
  const end = await findArchivedEnd(db, id);
  if (end === null) throw notFound('Task');
  return end;
}
