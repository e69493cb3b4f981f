import { createReceiver } from './receiver.ts';

// The sample receiver as a process of its own. PORT (8090; 0 takes a free one, which is printed) and ARCRUN_TOKEN,
// the bearer token for the handles when the API asks for one.

// Only this machine may call: whoever calls names the handle, and the handle gets the token.
const HOST = '127.0.0.1';

const port = Number(process.env['PORT'] ?? '8090');
const receiver = createReceiver({ token: process.env['ARCRUN_TOKEN'] || undefined });

if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  console.error('The sample receiver did not start: PORT must be a whole number from 0 to 65535.');
  process.exit(1);
}

receiver.server.on('error', (error) => {
  console.error(`The sample receiver did not start: ${error.message}.`);
  process.exit(1);
});

receiver.server.listen(port, HOST, () => {
  const address = receiver.server.address();
  if (typeof address === 'object' && address !== null) {
    console.log(`The sample receiver listens on http://${HOST}:${address.port}`);
  }
});

const stop = (): void => {
  void receiver.close().finally(() => process.exit(0));
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
// With a channel to the parent: when the parent is gone, nobody needs the receiver.
process.once('disconnect', stop);
