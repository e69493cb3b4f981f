import { once } from 'node:events';
import { createReceiver } from '@arcrun/local';

/** The sample receiver of `npm start`, on a free port. */
export async function startSampleReceiver(token?: string): Promise<{ url: string; close(): Promise<void> }> {
  const receiver = createReceiver({ token });
  receiver.server.listen(0, '127.0.0.1');
  await once(receiver.server, 'listening');
  const address = receiver.server.address();
  if (address === null || typeof address === 'string') throw new Error('the receiver does not listen');
  return { url: `http://127.0.0.1:${address.port}`, close: () => receiver.close() };
}
