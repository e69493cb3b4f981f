import { join } from 'node:path';
import { arePeersInstalled } from './peers.mjs';
import { projectDir } from './places.mjs';
import { runQuietly } from './run-process.mjs';

const bin = (name) => join(projectDir, 'node_modules/.bin', name);

/** `npm run check`: everything that can be said about the sources without running them, side by side. */
export async function check(node, env) {
  const checks = [
    ['types', bin('tsc'), ['-p', '.', '--pretty', 'false']],
    ['types of the UI', bin('tsc'), ['-p', 'packages/web', '--pretty', 'false']],
    ...(arePeersInstalled()
      ? [['types of the peers', bin('tsc'), ['-p', 'e2e/peers', '--pretty', 'false']]]
      : []),
    ['lint', bin('oxlint'), ['--type-aware', '--deny-warnings']],
    ['format', bin('prettier'), ['--check', '--log-level=warn', '.']],
    ['unused code', bin('knip'), ['--no-progress']],
    ['layout', node, ['scripts/check-layout.ts']],
    ['docs', node, ['scripts/docs/main.ts', '--check']],
  ];
  const results = await Promise.all(
    checks.map(async ([name, program, args]) => {
      const start = Date.now();
      const { ok, output } = await runQuietly(program, args, { cwd: projectDir, env });
      return { name, ok, output, seconds: (Date.now() - start) / 1000 };
    }),
  );
  for (const { ok, output, name } of results) {
    if (!ok) console.log(`--- ${name}\n${output.trim()}\n`);
  }
  for (const { name, ok, seconds } of results) {
    console.log(`${ok ? 'ok    ' : 'FAILED'} ${name} (${seconds.toFixed(1)} s)`);
  }
  return results.every(({ ok }) => ok) ? 0 : 1;
}
