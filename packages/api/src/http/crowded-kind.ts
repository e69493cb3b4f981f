import { isCrowdedKind } from '@arcrun/database';
import { invalid } from './errors.ts';

/** Rethrows a failed write; as the client's fault when its rules look at one kind in too many ways. */
export function refuseCrowdedKind(error: unknown): never {
  if (isCrowdedKind(error)) throw invalid([`rules: ${error.message}`]);
  throw error;
}
