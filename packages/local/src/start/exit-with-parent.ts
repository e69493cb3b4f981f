// Loaded into every process that `npm start` starts, by --import: a parent that was killed with -9 can't stop its
// children, but its end closes their channel.
const DEADLINE_MS = 3_000;

process.once('disconnect', () => {
  setTimeout(() => process.exit(1), DEADLINE_MS).unref();
  // The process's own way to stop in order.
  process.kill(process.pid, 'SIGTERM');
});
// Listening alone must not keep the process alive.
process.channel?.unref();
