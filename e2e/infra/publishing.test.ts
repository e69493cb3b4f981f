import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

const tagsOf = async (ref: string): Promise<string[]> => {
  const words = ['infra/image/image-tags.mjs', 'ghcr.io/Some-Owner/arcrun', ref, COMMIT];
  const { stdout } = await promisify(execFile)(process.execPath, words, { cwd: ROOT });
  return stdout.split('\n').filter(Boolean);
};

test.each([
  ['refs/tags/v1.2.3', ['1.2.3', '1.2', '1', 'sha-0123456']],
  ['refs/tags/v10.0.0', ['10.0.0', '10.0', '10', 'sha-0123456']],
  ['refs/tags/v0.4.0', ['0.4.0', '0.4', 'sha-0123456']],
  ['refs/heads/main', ['latest']],
  ['refs/heads/v1.2.3', []],
  ['refs/tags/v1.2.3-rc.1', []],
  ['refs/tags/v1.2', []],
  ['refs/tags/1.2.3', []],
  ['refs/tags/v01.2.3', []],
  ['refs/pull/7/merge', []],
])('%s is published as %j', async (ref, tags) => {
  expect(await tagsOf(ref)).toEqual(tags.map((tag) => `ghcr.io/some-owner/arcrun:${tag}`));
});

test('a commit that is none is refused', async () => {
  await expect(
    promisify(execFile)(
      process.execPath,
      ['infra/image/image-tags.mjs', 'image', 'refs/heads/main', 'main'],
      {
        cwd: ROOT,
      },
    ),
  ).rejects.toThrow('Say the image');
});

interface Job {
  readonly needs?: readonly string[];
  readonly if?: string;
  readonly steps: readonly {
    readonly uses?: string;
    readonly run?: string;
    readonly with?: Readonly<Record<string, unknown>>;
  }[];
}

test('the workflow runs commands that there are, and publishes only what has passed them', () => {
  const { on, jobs } = parse(read('.github/workflows/ci.yml')) as {
    on: Record<string, { branches?: string[]; tags?: string[] } | null>;
    jobs: Record<string, Job>;
  };
  expect(on).toEqual({
    pull_request: null,
    push: { branches: ['main'], tags: ['v[0-9]+.[0-9]+.[0-9]+'] },
  });
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const commands = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []));
  expect(commands).toContain('.ci/run');
  for (const command of commands) {
    const script = /^npm run (\S+)/m.exec(command)?.[1];
    if (script !== undefined) expect(scripts).toHaveProperty([script]);
    for (const [path] of command.matchAll(/\S+\.mjs|\.ci\/run/g))
      expect(existsSync(join(ROOT, path))).toBe(true);
  }
  const { needs, if: condition, steps } = jobs['image']!;
  expect(needs).toEqual(Object.keys(jobs).filter((name) => name !== 'image'));
  expect(condition).toBe("github.event_name == 'push'");
  const build = steps.find(({ uses }) => uses?.startsWith('docker/build-push-action@'))!;
  expect(build.with).toMatchObject({
    file: 'infra/Dockerfile',
    platforms: 'linux/amd64,linux/arm64',
    tags: '${{ steps.names.outputs.tags }}',
  });
});
