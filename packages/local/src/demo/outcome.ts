import { ArcRunError } from '@arcrun/client';
import { WorkflowError } from '../workflows/index.ts';
import { ReceiverError } from './receiver-log.ts';
import { printable } from '@arcrun/client/terminal';

const SHOWN_DETAILS = 10;

/**
 * Runs a part of the demo; what the person at the terminal can understand and mend becomes a sentence there,
 * and the outcome not ok. Anything else is a defect and is thrown.
 */
export async function withSentences(
  output: NodeJS.WriteStream,
  signal: AbortSignal,
  run: () => Promise<{ ok: boolean }>,
): Promise<{ ok: boolean }> {
  try {
    return await run();
  } catch (error) {
    if (signal.aborted) return { ok: false };
    if (!(error instanceof ArcRunError || error instanceof WorkflowError || error instanceof ReceiverError)) {
      throw error;
    }
    output.write(`${printable(error.message)}\n`);
    if (error instanceof ArcRunError) {
      for (const detail of error.details.slice(0, SHOWN_DETAILS)) output.write(`  ${printable(detail)}\n`);
    }
    return { ok: false };
  }
}
