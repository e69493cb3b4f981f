import { checkUrl, type UrlGuardSettings } from '@arcrun/contracts';

const KEPT = 1000;
const verdicts = new WeakMap<UrlGuardSettings, Map<string, string | null>>();

/**
 * Why a stored URL may not be called; null when it may. What is blocked may have changed since it was stored. Most
 * calls go to few URLs, so verdicts are kept.
 */
export function checkStoredUrl(url: string, guard: UrlGuardSettings): string | null {
  let kept = verdicts.get(guard);
  if (kept === undefined) verdicts.set(guard, (kept = new Map()));
  const known = kept.get(url);
  if (known !== undefined) return known;
  const verdict = checkUrl(url, guard);
  if (kept.size >= KEPT) kept.clear();
  kept.set(url, verdict);
  return verdict;
}
