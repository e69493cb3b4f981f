import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SETTINGS } from '@arcrun/config';
import { parse, parseAllDocuments } from 'yaml';
import { expect, test } from 'vitest';
import { findProblems, KUBERNETES_FOLDER, type KubernetesObject, readObjects } from './kubernetes-objects.ts';
import { PROMETHEUS_FOLDER } from './queries.ts';

const GRACE_SECS = 30;

const objects = readObjects().map(([, object]) => object);
const named = (kind: string, name: string): KubernetesObject =>
  objects.find((object) => object.kind === kind && object.metadata.name === name)!;
const ofKind = (kind: string) => objects.filter((object) => object.kind === kind);

test.each(readObjects().map(([file, object]) => [file, object.kind, object] as const))(
  '%s: the %s fits its schema, and has no field that is unknown to it',
  (_file, _kind, object) => {
    expect(findProblems(object)).toEqual([]);
  },
);

test('what does not fit a schema, or is unknown to it, is found', () => {
  const worker = named('Deployment', 'arcrun-worker');
  const { spec } = worker;
  expect(findProblems({ ...worker, spec: { ...spec, replicas: '2' } })).not.toEqual([]);
  expect(findProblems({ ...worker, spec: { ...spec, replica: 2 } })).toEqual(['/spec/replica is unknown']);
  expect(findProblems({ ...worker, apiVersion: 'apps/v2' })).not.toEqual([]);
});

test.each([
  ['api', 8085],
  ['worker', 8086],
])('the %s is probed where it answers, and stops within its time', (role, port) => {
  const { spec } = named('Deployment', `arcrun-${role}`);
  const { template } = spec!;
  const [container] = template!.spec.containers;
  expect(container).toMatchObject({
    args: [role],
    ports: [{ name: 'http', containerPort: port }],
    startupProbe: { httpGet: { path: '/health', port: 'http' } },
    livenessProbe: { httpGet: { path: '/health', port: 'http' } },
    readinessProbe: { httpGet: { path: '/ready', port: 'http' } },
    securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false },
  });
  expect(template!.spec.terminationGracePeriodSeconds).toBe(GRACE_SECS);
  const shutdownSecs = Number(named('ConfigMap', 'arcrun').data!['SHUTDOWN_TIMEOUT_SECS']);
  expect((container!.lifecycle?.preStop.sleep.seconds ?? 0) + shutdownSecs).toBeLessThan(GRACE_SECS);
});

test('selectors find the pods that they mean', () => {
  for (const role of ['api', 'worker']) {
    const { labels } = named('Deployment', `arcrun-${role}`).spec!.template!.metadata;
    for (const kind of ['Deployment', 'PodDisruptionBudget', 'PodMonitor'])
      expect(named(kind, `arcrun-${role}`).spec!.selector!.matchLabels).toEqual(labels);
  }
  const { spec } = named('Service', 'arcrun-api');
  expect(spec!.selector).toEqual(named('Deployment', 'arcrun-api').spec!.template!.metadata.labels);
  expect(named('Deployment', ofKind('ScaledObject')[0]!.spec!.scaleTargetRef!.name)).toBeDefined();
});

test('Prometheus scrapes the pods under the names that the alert rules know', () => {
  const { scrape_configs } = parse(readFileSync(join(PROMETHEUS_FOLDER, 'prometheus.yml'), 'utf8')) as {
    scrape_configs: { job_name: string }[];
  };
  const jobs = ofKind('PodMonitor').map(({ spec }) => {
    const [{ port, relabelings }] = spec!.podMetricsEndpoints as [
      { port: string; relabelings: [{ targetLabel: string; replacement: string }] },
    ];
    expect([port, relabelings[0].targetLabel]).toEqual(['http', 'job']);
    return relabelings[0].replacement;
  });
  expect(jobs).toEqual(scrape_configs.map(({ job_name }) => job_name));
});

test('every setting is one that there is, and all that are required are given', () => {
  const given = [
    ...Object.keys(named('ConfigMap', 'arcrun').data!),
    ...Object.keys(named('Secret', 'arcrun').stringData!),
  ];
  expect(given.filter((name) => !(name in SETTINGS))).toEqual([]);
  expect(given).toEqual(expect.arrayContaining(['DATABASE_URL', 'REDIS_URL', 'HOST_URL', 'AUTH_TOKEN']));
  for (const { spec } of ofKind('Deployment')) {
    const { containers, serviceAccountName } = spec!.template!.spec;
    for (const { configMapRef, secretRef } of containers[0]!.envFrom!)
      expect(configMapRef?.name ?? secretRef?.name).toBe('arcrun');
    expect(named('ServiceAccount', serviceAccountName!)).toBeDefined();
  }
  expect(ofKind('Job')[0]!.spec!.template!.spec.containers[0]!.env).toMatchObject([{ name: 'DATABASE_URL' }]);
});

test('each folder names the files that it has, in one namespace', () => {
  for (const file of globSync('*/kustomization.yaml', { cwd: KUBERNETES_FOLDER })) {
    const { resources, namespace } = parse(readFileSync(join(KUBERNETES_FOLDER, file), 'utf8')) as {
      resources: string[];
      namespace: string;
    };
    const there = readObjects(dirname(file)).map(([path]) => path.split('/')[1]);
    expect(new Set(resources.filter((name) => name.endsWith('.yaml')))).toEqual(new Set(there));
    expect(namespace).toBe('arcrun');
  }
});

const hasKubectl = (() => {
  try {
    execFileSync('kubectl', ['kustomize', '--help'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

test.skipIf(!hasKubectl)('kubectl puts the folders together, and all that comes out fits', () => {
  const build = (folder: string): KubernetesObject[] =>
    parseAllDocuments(
      execFileSync('kubectl', ['kustomize', join(KUBERNETES_FOLDER, folder)], { encoding: 'utf8' }),
    ).map((document) => document.toJS() as KubernetesObject);
  const scaled = build('autoscaling');
  for (const object of [...build('base'), ...build('migrate'), ...build('monitoring'), ...scaled])
    expect(findProblems(object)).toEqual([]);
  const worker = scaled.find(
    ({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'arcrun-worker',
  );
  expect(worker!.spec).not.toHaveProperty('replicas');
  expect(worker!.spec!.template!.spec.containers[0]!.image).toMatch(/^arcrun:\d/);
});
