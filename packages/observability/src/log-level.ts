import type { Logger, LogLevel } from './logger.ts';

/** SIGUSR2 switches to debug, and back with the next one: it reaches processes that no call can choose. */
export function switchLevelOnSignal(logger: Logger): void {
  let before: LogLevel = logger.level === 'debug' ? 'info' : logger.level;
  process.on('SIGUSR2', () => {
    const from = logger.level;
    logger.level = from === 'debug' ? before : 'debug';
    if (from !== 'debug') before = from;
    logger.warn('log level changed', { from, to: logger.level });
  });
}
