/** A line about what is going on, to stderr: stdout belongs to the command. */
export function say(message) {
  process.stderr.write(`${message}\n`);
}

/**
 * Shows that a long step is alive: one line that is rewritten each second in a terminal, a line
 * every 10 s elsewhere.
 * @param {string} message what is going on
 * @param {() => string} detail more about how far it is
 * @returns {() => void} ends it
 */
export function showProgress(message, detail = () => '') {
  const isTerminal = process.stderr.isTTY;
  const start = Date.now();
  const line = () => {
    const seconds = Math.round((Date.now() - start) / 1000);
    return `${message} … ${[detail(), seconds > 0 ? `${seconds} s` : ''].filter(Boolean).join(', ')}`.trimEnd();
  };
  if (!isTerminal) say(`${message} …`);
  else process.stderr.write(line());
  const timer = setInterval(
    () => (isTerminal ? process.stderr.write(`\r\x1b[2K${line()}`) : say(`  ${line()}`)),
    isTerminal ? 1000 : 10_000,
  );
  timer.unref();
  return () => {
    clearInterval(timer);
    if (isTerminal) process.stderr.write(`\r\x1b[2K${line()}\n`);
  };
}
