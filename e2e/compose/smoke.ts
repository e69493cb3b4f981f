import { strict as assert } from 'node:assert';
import { type ArcRunClient, createClient, type NewTask, task, webhook } from '@arcrun/client';
import { until } from '@arcrun/database/testing';
import type { SlowReceiver } from './receiver.ts';
import type { ComposeStack } from './stack.ts';

/** A lease that runs out and the sweep after it, on a machine that has other things to do. */
const TAKE_OVER_MS = 60_000;
const HEALTHY_MS = 120_000;
/** How long a receiver holds a call back: time enough to kill its caller, and within WEBHOOK_TIMEOUT_SECS. */
const HELD_BACK_MS = 8000;
const BREAK_OFF_MS = 1500;
/** As in the compose file. */
const GRACE_MS = 30_000;

export interface SmokeTest {
  readonly stack: ComposeStack;
  readonly receiver: SlowReceiver;
  readonly image: string;
  readonly apiUrl: string;
  readonly prometheusUrl: string;
  readonly token: string;
  readonly services: readonly string[];
  readonly step: (message: string) => void;
}

/** What a person would try on a stack that has come up. @throws at the first thing that is not as it should be */
export async function runSmokeTest(test: SmokeTest): Promise<void> {
  const { stack, services, step } = test;
  const client = createClient({ url: test.apiUrl, token: test.token });

  await checkImage(test);
  await checkEarlyStop(test);
  step('a container that is stopped before it has begun ends at once');
  await stack.up(services, 2);
  await untilHealthy(stack, { api: 1, worker: 2 });
  step('the stack is up: the database is migrated, the API and 2 workers are healthy');

  step(`a DAG of 31 tasks has run to its end in ${await runDag(client, test.receiver)} s`);

  await killWorker(test, client);
  step(
    'a worker was killed in the middle of its calls; another made them again, and all tasks have succeeded',
  );

  await stack.up(services, 4);
  await untilHealthy(stack, { worker: 4 });
  step(`scaled to 4 workers; a DAG has run to its end in ${await runDag(client, test.receiver)} s`);

  const mended = await checkPrometheus(test);
  step(`Prometheus finds the API and the 4 workers, and has loaded the rules; ${mended}`);

  await checkStop(test);
  step('stopped: every API and worker has ended with 0 within its time');

  await checkAll(test, client);
  step('the role all: one container has run a DAG to its end, shows its pages, and has stopped with 0');
}

async function untilHealthy(stack: ComposeStack, wanted: Readonly<Record<string, number>>): Promise<void> {
  for (const [service, count] of Object.entries(wanted)) {
    const isHealthy = async () => (await stack.countHealthy(service)) === count;
    await until(`${count} × ${service} healthy`, isHealthy, HEALTHY_MS);
  }
}

/**
 * One root, and ten times a chain of three below it, whose last hangs on the root as well.
 *
 * @returns how long it took, in seconds
 */
async function runDag(client: ArcRunClient, receiver: SlowReceiver): Promise<string> {
  const beganMs = performance.now();
  const ids = Array.from({ length: 10 }, (_, index) => index);
  const aTask = (id: string, dependencies: string[] = []): NewTask =>
    task({ id, kind: 'smoke', dependencies, on_start: startOf(receiver, 0) });
  const { batchId, tasks } = await client.createBatch([
    aTask('root'),
    ...ids.flatMap((id) => [
      aTask(`a${id}`, ['root']),
      aTask(`b${id}`, [`a${id}`]),
      aTask(`c${id}`, ['root', `b${id}`]),
    ]),
  ]);
  const { status_counts } = await client.waitForBatch(batchId, {
    pollMs: 100,
    signal: AbortSignal.timeout(TAKE_OVER_MS),
  });
  assert.equal(status_counts.success, tasks.length);
  return ((performance.now() - beganMs) / 1000).toFixed(1);
}

const startOf = (receiver: SlowReceiver, hold: number) =>
  webhook(`http://host.docker.internal:${receiver.port}/work?hold=${hold}`);

async function killWorker({ stack, receiver }: SmokeTest, client: ArcRunClient): Promise<void> {
  const { batchId, tasks } = await client.createBatch(
    Array.from({ length: 60 }, (_, index) =>
      task({ id: `t${index}`, kind: 'smoke', on_start: startOf(receiver, HELD_BACK_MS) }),
    ),
  );
  await until('calls are open', async () => receiver.open() === tasks.length, TAKE_OVER_MS);
  for (const { id } of await stack.containers('worker')) {
    await stack.docker('kill', '--signal', 'KILL', id);
    const breakOff = async () => receiver.open() < tasks.length;
    // A single one may have taken all of them.
    if (
      await until('its calls break off', breakOff, BREAK_OFF_MS).then(
        () => true,
        () => false,
      )
    )
      break;
    await stack.docker('start', id);
  }
  const signal = AbortSignal.timeout(TAKE_OVER_MS);
  const { status_counts } = await client.waitForBatch(batchId, { pollMs: 100, signal });
  assert.equal(status_counts.success, tasks.length);
  assert.ok(
    tasks.some(({ id }) => receiver.starts.get(id)! > 1),
    'no task was called again',
  );
}

/** No root, no shell, nothing of it can be written. */
async function checkImage({ stack, image, step }: SmokeTest): Promise<void> {
  const size = Number(await stack.docker('image', 'inspect', '--format', '{{.Size}}', image));
  assert.equal(
    (await stack.docker('image', 'inspect', '--format', '{{.Config.User}}', image)).trim(),
    '65532:65532',
  );
  for (const program of ['/bin/sh', '/usr/local/bin/npm']) {
    await assert.rejects(stack.docker('run', '--rm', '--network', 'none', '--entrypoint', program, image));
  }
  const script =
    "try { fs.writeFileSync('/arcrun/x', ''); console.log('written') } catch (error) { console.log(error.code) }";
  const run = [
    'run',
    '--rm',
    '--network',
    'none',
    '--entrypoint',
    '/usr/local/bin/node',
    image,
    '-e',
    script,
  ];
  assert.equal((await stack.docker(...run)).trim(), 'EACCES');
  const folders = "fs.readdirSync('/arcrun').sort().join(' ')";
  const listed = await stack.docker(...run.slice(0, -1), `console.log(${folders})`);
  step(
    `the image has ${Math.round(size / 1e6)} MB, runs as 65532, has no shell and no npm, and holds: ${listed.trim()}`,
  );
}

/** As the first process of its container it has to see to it itself that a signal ends it before it has begun. */
async function checkEarlyStop({ stack, image }: SmokeTest): Promise<void> {
  const nobody = 'DATABASE_URL=postgres://nobody@127.0.0.1:1/none';
  const id = (await stack.docker('run', '-d', '--network', 'none', '-e', nobody, image, 'migrate')).trim();
  const isOver = async (): Promise<boolean> => {
    if ((await stack.inspect(id)).state.Status === 'exited') return true;
    // Node itself takes a moment until it can hear it.
    await stack.docker('kill', '--signal', 'TERM', id).catch(() => '');
    return false;
  };
  try {
    await until('it has ended', isOver, 20_000);
    assert.equal((await stack.inspect(id)).state.ExitCode, 143);
  } finally {
    await stack.docker('rm', '-f', id);
  }
}

/** @returns what was mended so far, in words */
async function checkPrometheus({ prometheusUrl }: SmokeTest): Promise<string> {
  const ask = async (path: string): Promise<{ result: { value: [number, string] }[]; groups: unknown[] }> => {
    const response = await fetch(`${prometheusUrl}/api/v1/${path}`);
    return ((await response.json()) as { data: never }).data;
  };
  const valueOf = async (query: string): Promise<string | undefined> =>
    (await ask(`query?query=${encodeURIComponent(query)}`)).result[0]?.value[1];
  const isFound = async () =>
    (await valueOf('count(up{job=~"arcrun-.+"} == 1)').catch(() => undefined)) === '5';
  await until('all are scraped', isFound, HEALTHY_MS);
  assert.equal((await ask('rules')).groups.length, 1);
  const places = await valueOf('sum(places_mended_total) or vector(0)');
  assert.equal(places, '0', 'places have drifted');
  return `${places} places mended, ${await valueOf('sum(lost_doorbells_total) or vector(0)')} bells lost`;
}

async function checkStop({ stack }: SmokeTest): Promise<void> {
  const beganMs = performance.now();
  await stack.stop('api', 'worker');
  assert.ok(performance.now() - beganMs < GRACE_MS + 5000, 'it took longer than the grace period');
  const containers = [...(await stack.containers('api')), ...(await stack.containers('worker'))];
  assert.equal(containers.length, 5);
  for (const { state } of containers)
    assert.deepEqual([state.Status, state.ExitCode, state.OOMKilled], ['exited', 0, false]);
}

async function checkAll(
  { stack, image, apiUrl, receiver, token }: SmokeTest,
  client: ArcRunClient,
): Promise<void> {
  const settings = {
    DATABASE_URL: 'postgres://arcrun:arcrun@postgres:5432/arcrun',
    REDIS_URL: 'redis://redis:6379',
    HOST_URL: apiUrl,
    AUTH_TOKEN: token,
    SKIP_SSRF_VALIDATION: '1',
  };
  const id = (
    await stack.docker(
      ...['run', '-d', '--read-only', '--network', stack.network, '-p', `${new URL(apiUrl).port}:8085`],
      ...['--add-host', 'host.docker.internal:host-gateway', '--label', 'arcrun-test'],
      ...Object.entries(settings).flatMap(([name, value]) => ['-e', `${name}=${value}`]),
      image,
    )
  ).trim();
  try {
    const isReady = async () => (await fetch(`${apiUrl}/ready`).catch(() => null))?.ok === true;
    await until('the one container is ready', isReady, HEALTHY_MS);
    await runDag(client, receiver);
    for (const page of ['/view', '/swagger-ui/', '/admin/queues']) {
      const { status } = await fetch(apiUrl + page, { headers: { authorization: `Bearer ${token}` } });
      assert.equal(status, 200, page);
    }
    await stack.docker('stop', '--time', '30', id);
    assert.equal((await stack.inspect(id)).state.ExitCode, 0, await stack.docker('logs', '--tail', '40', id));
  } finally {
    await stack.docker('rm', '-f', id);
  }
}
