import type { BasicTask } from '../../../api/types.ts';

const COLUMNS = [
  'id',
  'name',
  'kind',
  'status',
  'created_at',
  'started_at',
  'ended_at',
  'success',
  'failures',
  'expected_count',
  'priority',
  'attempt',
  'max_attempts',
] as const satisfies readonly (keyof BasicTask)[];

/** Tasks as CSV (RFC 4180), in the given order. */
export function toCsv(tasks: readonly BasicTask[]): string {
  const lines = [COLUMNS, ...tasks.map((task) => COLUMNS.map((column) => task[column]))];
  return lines.map((line) => `${line.map(toCell).join(',')}\r\n`).join('');
}

/** A spreadsheet would run what begins like a formula, so a name that does is given as text. */
function toCell(value: string | number | null | boolean): string {
  if (typeof value !== 'string') return value === null ? '' : String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Gives the user a file to keep. */
export function saveFile(name: string, type: string, content: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser takes it when the click is through.
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
