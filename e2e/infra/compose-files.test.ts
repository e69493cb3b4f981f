import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SETTINGS } from '@arcrun/config';
import { NODE_FLAGS } from '@arcrun/local';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { expect, test } from 'vitest';
import { baseImages } from '../compose/build-image.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const INFRA = join(ROOT, 'infra');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Those that are read by a part that is not a process of ours, or that are not settings yet. */
const OTHERS = new Set(['TRACING_ENABLED', 'OTEL_EXPORTER_OTLP_ENDPOINT']);

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly scale?: number;
  readonly environment?: Readonly<Record<string, string | null>>;
  readonly volumes?: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly stop_grace_period?: string;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

const { services } = parse(read('infra/docker-compose.yml'), { merge: true }) as {
  services: Record<string, Service>;
};
const ours = ['migrate', 'api', 'worker'].map((name) => services[name]!);

test('our containers get settings that there are, and nothing that they do not need', () => {
  for (const { environment, read_only, cap_drop, stop_grace_period } of ours) {
    const names = Object.keys(environment!);
    expect(names.filter((name) => !(name in SETTINGS) && !OTHERS.has(name))).toEqual([]);
    expect(names).toEqual(expect.arrayContaining(['DATABASE_URL', 'REDIS_URL', 'HOST_URL']));
    // An empty token would be refused: without a value it is passed on only when it is set.
    expect(environment!['AUTH_TOKEN']).toBeNull();
    expect({ read_only, cap_drop }).toEqual({ read_only: true, cap_drop: ['ALL'] });
    expect(Number.parseInt(stop_grace_period!, 10)).toBeGreaterThan(
      Number(SETTINGS.SHUTDOWN_TIMEOUT_SECS.default),
    );
  }
});

test('nobody starts before the database is migrated, and health is asked where it is told', () => {
  for (const [name, port] of [
    ['api', '8085'],
    ['worker', '8086'],
  ] as const) {
    const { command, depends_on, healthcheck } = services[name]!;
    expect(command).toEqual([name]);
    expect(depends_on).toMatchObject({
      migrate: { condition: 'service_completed_successfully' },
      redis: { condition: 'service_healthy' },
    });
    expect(healthcheck!.test.slice(-2)).toEqual(['/arcrun/is-ready.mjs', port]);
  }
  expect(services['worker']!.scale).toBe(2);
  expect(services['redis']!.command).toEqual(
    expect.arrayContaining(['--maxmemory-policy', 'noeviction', '--appendonly']),
  );
});

test('images have a version, and what is mounted is there', () => {
  for (const { image, volumes = [] } of Object.values(services)) {
    if (!image.includes('ARCRUN_IMAGE')) expect(image).toMatch(/^[\w./-]+:v?\d/);
    for (const volume of volumes.filter((each) => each.startsWith('./')))
      expect(existsSync(join(INFRA, volume.split(':')[0]!))).toBe(true);
  }
});

test('the example of .env names variables that the compose file reads', () => {
  const compose = read('infra/docker-compose.yml');
  const named = Array.from(read('infra/.env.example').matchAll(/^#?([A-Z_]+)=/gm), ([, name]) => name!);
  expect(named).toContain('AUTH_TOKEN');
  expect(named.filter((name) => !new RegExp(`\\$\\{${name}\\b|^ +${name}:$`, 'm').test(compose))).toEqual([]);
});

test('the image has the Node that the clone runs on, and runs it in the same way', async () => {
  const [, version] = /nodeVersion = '([\d.]+)'/.exec(read('scripts/boot/places.mjs'))!;
  expect(await baseImages(join(INFRA, 'Dockerfile'))).toEqual([
    `node:${version}-bookworm-slim`,
    'gcr.io/distroless/cc-debian12:nonroot',
  ]);
  const [, entry] = /^ENTRYPOINT (.+)$/m.exec(read('infra/Dockerfile'))!;
  expect(JSON.parse(entry!)).toEqual(['/usr/local/bin/node', ...NODE_FLAGS, '/arcrun/entry.mjs']);
});

test('where no Docker engine can run, the test of the stack says so and is content', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(ROOT, 'e2e/compose/main.ts')], {
    env: { PATH: '/nowhere' },
  });
  expect(stdout).toMatch(/^Left out, since no Docker engine can run here\. There is no docker client/);
});
