import type { Logger } from './logger.ts';

/** Something that runs in a process for as long as that does. */
export interface Part {
  readonly name: string;
  readonly start?: () => Promise<void> | void;
  readonly stop: () => Promise<void> | void;
}

export interface RunOptions {
  readonly logger: Logger;
  /** How long stopping may take. */
  readonly limitSecs: number;
}

/**
 * Starts the parts of this process in their order. From then on SIGTERM and SIGINT stop them in reverse, and end the
 * process: with 0, or with 1 when that takes longer than it may.
 */
export async function runParts(parts: readonly Part[], { logger, limitSecs }: RunOptions): Promise<void> {
  for (const part of parts) await part.start?.();
  const stop = async (signal: string): Promise<void> => {
    logger.info('stopping', { signal });
    setTimeout(() => {
      logger.error('not stopped in time', { limit_secs: limitSecs });
      process.exit(1);
    }, limitSecs * 1000).unref();
    for (const part of parts.toReversed()) {
      const beganMs = performance.now();
      try {
        await part.stop();
      } catch (error) {
        logger.warn('part not stopped cleanly', { part: part.name, error });
      }
      const durationMs = Math.round(performance.now() - beganMs);
      logger.debug('part stopped', { part: part.name, duration_ms: durationMs });
    }
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop(signal));
}
