import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type BasicTask, type NewTask, type Rule, task, webhook } from '@arcrun/client';
import { until } from '@arcrun/database/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findPrometheus } from '../harness/find-prometheus.ts';
import { type Stack, startStack } from '../harness/stack.ts';
import { type KubernetesObject, readObjects } from './kubernetes-objects.ts';
import { metricsOf, type Query, readAlertRules, readDashboardQueries } from './queries.ts';
import { layOutPrometheus, type RunningPrometheus, startPrometheus } from './running-prometheus.ts';

const TOKEN = 'a-token-of-the-tests';
const programs = findPrometheus();

/** Counters with labels of what did not happen here: there is no series yet, unless the query puts a 0 in its place. */
const UNSEEN = new Set([
  'circuit_breaker_state_transitions_total',
  'origin_breaker_transitions_total',
  'queue_stalled_total',
  'lost_doorbells_total',
  'places_mended_total',
  'claims_handed_back_total',
  'webhook_idempotent_skips_total',
]);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'arcrun-prometheus-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.skipIf(programs === undefined)('promtool', () => {
  const promtool = async (...args: string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)(programs!.promtool, args);
    return stdout;
  };

  test('accepts the settings and the rules that they name', async () => {
    const file = await layOutPrometheus(join(folder, 'checked'), {});
    expect(await promtool('check', 'config', file)).toMatch(/rules? found/);
  });

  test('finds that each alert fires when it must, and not else', async () => {
    const file = join(folder, 'checked/alerts-tests.yml');
    expect(await promtool('test', 'rules', file)).toContain('SUCCESS');
  });
});

describe.skipIf(programs === undefined)('Prometheus', () => {
  let stack: Stack;
  let prometheus: RunningPrometheus;

  beforeAll(async () => {
    stack = await startStack({
      apis: 1,
      workers: 2,
      settings: {
        AUTH_TOKEN: TOKEN,
        METRICS_SAMPLER_INTERVAL_SECS: '1',
        SLOW_QUERY_THRESHOLD_MS: '0',
        WEBHOOK_RETRY_BACKOFF_BASE_SECS: '0',
        WEBHOOK_MAX_ATTEMPTS: '2',
      },
    });
    const home = join(folder, 'running');
    const hostOf = ({ url }: { url: string }) => new URL(url).host;
    const targets = { 'arcrun-api': stack.apis.map(hostOf), 'arcrun-worker': stack.workers.map(hostOf) };
    const file = await layOutPrometheus(home, targets, TOKEN);
    prometheus = await startPrometheus(programs!.prometheus, file, home);
    await until('all are scraped', async () => (await count('up == 1')) === 3, 20_000);
    // Rates need a counter before and after: what has labels is there from its first event on.
    await runDemo();
    await until('it was scraped', async () => (await count('tasks_completed_total')) >= 3, 20_000);
    await runDemo();
  }, 120_000);
  afterAll(async () => {
    await prometheus.stop();
    await stack.close();
  });

  const count = async (expr: string): Promise<number> => (await prometheus.query(expr)).length;

  /** Something of everything: dependencies, rules, failures, notifications that are delivered, retried and given up. */
  async function runDemo(): Promise<void> {
    const { client, receiver } = stack;
    const refusedOnce = new Set<string>();
    receiver.behave(async (call) => {
      const path = /^\/(\w+)/.exec(call.target)![1];
      if (path === 'never') return { status: 500 };
      if (path === 'flaky' && !refusedOnce.has(call.taskId!)) {
        refusedOnce.add(call.taskId!);
        return { status: 503 };
      }
      if (path === 'work' || path === 'break') void whenRunning(call.taskId!, path);
      return;
    });
    const whenRunning = async (id: string, how: string): Promise<void> => {
      await until('it runs', async () => (await client.getTask(id)).status === 'Running');
      await (how === 'work' ? client.reportSuccess(id) : client.reportFailure(id, 'broken'));
    };
    const to = (path: string) => webhook(`${receiver.url}/${path}`);
    const aTask = (id: string, start: string, rest: Partial<NewTask> = {}): NewTask =>
      task({ id, kind: 'etl', on_start: to(start), ...rest });
    const rules: Rule[] = [
      { type: 'Concurency', max_concurency: 1, matcher: { status: 'Running', kind: 'limited', fields: [] } },
    ];
    const required = (id: string) => ({ dependencies: [{ id, requires_success: true }] });
    const { batchId } = await client.createBatch([
      aTask('a', 'work', { on_success: [to('flaky')] }),
      aTask('b', 'work', { ...required('a'), on_success: [to('done')] }),
      aTask('c', 'break', { on_failure: [to('never')] }),
      aTask('c2', 'break', { retry: { max_attempts: 2, backoff_secs: 0 } }),
      aTask('d', 'work', required('c')),
      aTask('e', 'never'),
      aTask('f', 'hang', { timeout: 1 }),
      ...['x', 'y', 'z'].map((id) => aTask(id, 'work', { kind: 'limited', rules })),
    ]);
    const { tasks } = await client.createBatch([aTask('stays', 'hang'), aTask('canceled', 'hang')]);
    const [stays, canceled] = tasks as [BasicTask, BasicTask];
    for (const { id } of tasks)
      await until('it runs', async () => (await client.getTask(id)).status === 'Running');
    await client.addProgress(stays.id, { success: 1 });
    await client.cancelTask(canceled.id);
    await client.waitForBatch(batchId, { pollMs: 50 });
    await until('it is told', async () => {
      const ledger = await client.listDeliveries();
      return ledger.every(({ status }) => status !== 'Pending');
    });
  }

  const mustHaveData = ({ expr }: Query): boolean => !metricsOf(expr).every((name) => UNSEEN.has(name));
  const hasNumber = async ({ expr }: Query): Promise<boolean> =>
    (await prometheus.query(expr)).some(({ value }) => Number.isFinite(Number(value[1])));

  test.each(readDashboardQueries().map((query) => [query.from, query] as const))(
    'answers the dashboard: %s',
    async (_from, query) => {
      if (mustHaveData(query)) await until(`${query.expr} has data`, () => hasNumber(query), 20_000);
      else for (const { value } of await prometheus.query(query.expr)) expect(value[1]).toBe('0');
    },
  );

  test('answers what the workers are scaled by', async () => {
    const [[, scaling]] = readObjects('autoscaling') as [[string, KubernetesObject]];
    const [sample] = await prometheus.query(scaling.spec!.triggers![0]!.metadata['query']!);
    expect(Number(sample!.value[1])).toBeGreaterThanOrEqual(0);
  });

  test('has loaded every rule and finds nothing critical', async () => {
    for (const { expr } of readAlertRules()) await prometheus.query(expr);
    const critical = await prometheus.query('ALERTS{alertstate="firing", severity="critical"}');
    expect(critical).toEqual([]);
  });
});
