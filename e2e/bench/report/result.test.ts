import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readResult } from './result.ts';
import { sampleScenario } from './sample-scenario.ts';
import { writeResult } from './write-result.ts';

const machine = { cores: 2, processor: 'a processor', node: 'v24.0.0', load: 0, sync_ms: 1 };

test('what was written is read again, and what was not measured is so still', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  try {
    const floors = { got: { per_second: [1, Number.NaN], cpu_ms: [Number.NaN, 2] } };
    const scenarios = [sampleScenario([1, Number.NaN, 3], undefined, { floors })];
    await writeResult(join(folder, 'new/result.json'), machine, scenarios);
    const read = readResult(await readFile(join(folder, 'new/result.json'), 'utf8'));
    expect(read).toMatchObject({ machine, met: false, scenarios });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test.each(['{}', 'null', '[]', '{"machine":{},"scenarios":3}'])('%s is no result', (text) => {
  expect(() => readResult(text)).toThrow('no result of the benchmark');
});
