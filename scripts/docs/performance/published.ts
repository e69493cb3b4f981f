import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type BenchResult, readResult } from '../../../e2e/bench/report/result.ts';

const FILE = resolve(import.meta.dirname, '../../../docs/performance/result.json');

/** The run of the benchmark that docs/performance.md tells of. */
export const published = (): BenchResult => readResult(readFileSync(FILE, 'utf8'));
