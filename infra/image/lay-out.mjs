// Lays out what the image holds, from a clone that is built: `node infra/image/lay-out.mjs FOLDER`.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const target = process.argv[2];
if (target === undefined) {
  process.stderr.write('Say the folder to lay it out in.\n');
  process.exit(1);
}

const parts = {
  'packages/api/dist': 'api',
  'packages/worker/dist': 'worker',
  migrations: 'migrations',
  'infra/image/entry.mjs': 'entry.mjs',
  'infra/image/is-ready.mjs': 'is-ready.mjs',
  LICENSE: 'LICENSE',
};
mkdirSync(target, { recursive: true });
for (const [from, to] of Object.entries(parts)) {
  cpSync(join(root, from), join(target, to), { recursive: true });
}
// The bundles are ES modules, and there is no other package.json beside them.
writeFileSync(join(target, 'package.json'), '{"private":true,"type":"module"}\n');
