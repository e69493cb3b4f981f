/**
 * Waits for an answer of Redis, but not for long: it may have vanished without a word. What comes later is dropped.
 *
 * @throws the error of `asked`, or when it takes longer than `limitMs`
 */
export async function within<T>(limitMs: number, asked: Promise<T>): Promise<T> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('no answer from Redis in time')), limitMs);
  // It may still fail after the limit, when nobody listens any more.
  asked.catch(() => undefined);
  try {
    return await Promise.race([asked, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
