import type { CallRecord, NotificationRecord } from '../receiver/records.ts';

/** What the sample receiver noted of one run. */
export interface ReceiverLog {
  calls(): Promise<CallRecord[]>;
  notifications(): Promise<NotificationRecord[]>;
}

/** The receiver cannot be asked; the message is a sentence. */
export class ReceiverError extends Error {
  override readonly name = 'ReceiverError';
}

export function openReceiverLog(receiverUrl: string, run: string, signal: AbortSignal): ReceiverLog {
  const base = receiverUrl.replace(/\/+$/, '');
  const read = async <T>(path: string): Promise<T[]> => {
    try {
      const response = await fetch(`${base}${path}?run=${encodeURIComponent(run)}`, { signal });
      if (!response.ok) throw new Error(`status ${response.status}`);
      const records: T[] = JSON.parse(await response.text());
      return records;
    } catch (error) {
      signal.throwIfAborted();
      throw new ReceiverError(`The sample receiver at ${base} does not answer ${path}.`, { cause: error });
    }
  };
  return { calls: () => read('/calls'), notifications: () => read('/notifications') };
}
