const SAME_KEYPRESS_MS = 400;

/**
 * Tells when somebody wants the process to end: by Ctrl-C, a signal, a closed terminal, or the sudden end of the
 * process that started it.
 * @param onStop the first time
 * @param onKill the second time: at once
 */
export function listenForStop(onStop: (reason: string) => void, onKill: () => void): void {
  let firstAt: number | undefined;
  const handle = (reason: string): void => {
    const now = performance.now();
    if (firstAt === undefined) {
      firstAt = now;
      onStop(reason);
    } else if (now - firstAt > SAME_KEYPRESS_MS) {
      // npm passes Ctrl-C on, while the terminal has sent it to everybody: that is one keypress.
      onKill();
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => handle(signal));
  process.once('disconnect', () => handle('disconnect'));
  // Listening alone must not keep the process alive.
  process.channel?.unref();
}
