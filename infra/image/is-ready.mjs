// For health checks in an image that has no curl: exits with 0 when the process on that port of this machine is ready.
const LIMIT_MS = 3000;

const port = Number(process.argv[2]);
try {
  const response = await fetch(`http://127.0.0.1:${port}/ready`, { signal: AbortSignal.timeout(LIMIT_MS) });
  const answer = await response.text();
  if (!response.ok) {
    process.stderr.write(`${answer}\n`);
    process.exitCode = 1;
  }
} catch (error) {
  process.stderr.write(`Port ${port} does not answer: ${error.cause?.message ?? error.message}\n`);
  process.exitCode = 1;
}
