import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type FaultSummary, FAULT_COLUMNS, toCells } from '../../e2e/faults/report/summarize.ts';
import { toTable } from './to-table.ts';

const FILE = resolve(import.meta.dirname, '../../docs/reliability/faults.json');

/** The faults that the last whole run made, and what came of them. */
export function listFaults(): string {
  const {
    finished_at: at,
    machine,
    faults,
  } = JSON.parse(readFileSync(FILE, 'utf8')) as {
    readonly finished_at: string;
    readonly machine: string;
    readonly faults: readonly FaultSummary[];
  };
  return [toTable(FAULT_COLUMNS, faults.map(toCells)), '', `Made on ${at.slice(0, 10)}, ${machine}.`].join(
    '\n',
  );
}
