import { availableParallelism, loadavg } from 'node:os';
import { type NewTask, task, webhook } from '@arcrun/client';
import { toNewTasks } from '@arcrun/local';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openBrowser, openPage, type WatchedPage } from '../harness/browser.ts';
import { slowness } from '../harness/machine-speed.ts';
import { type Stack, startStack } from '../harness/stack.ts';
import { largeWorkflow } from '../harness/workflows.ts';

const DRAWN_WITHIN_MS = 2000;
/** Thirty frames a second. */
const SMOOTH_FRAME_MS = 33;

let stack: Stack;
let browser: Browser;

beforeAll(async () => {
  stack = await startStack({ apis: 1, workers: 1 });
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await stack?.close();
});

const openBatch = async (
  batchId: string,
  query = '',
  viewport?: { width: number; height: number },
): Promise<WatchedPage> => {
  const watched = await openPage(browser, viewport);
  await watched.page.goto(`${stack.apis[0]!.url}/view?batch=${batchId}${query}`);
  return watched;
};

const drawn = (page: Page) => page.locator('.graph-canvas[data-drawn]');
const drawnNodes = async (page: Page): Promise<number> => {
  await drawn(page).waitFor();
  return Number(await drawn(page).getAttribute('data-drawn'));
};
const start = () => webhook(`${stack.receiver.url}/start`);

/** A diamond with an optional edge: what it waits for is reported by hand. */
const pipeline = (): NewTask[] => [
  task({ id: 'checkout', kind: 'source', on_start: start() }),
  task({
    id: 'unit-tests',
    kind: 'verify',
    on_start: start(),
    dependencies: ['checkout'],
    expected_count: 40,
  }),
  task({ id: 'lint', kind: 'verify', on_start: start(), dependencies: ['checkout'] }),
  task({ id: 'security-scan', kind: 'verify', on_start: start(), dependencies: ['checkout'] }),
  task({ id: 'image', kind: 'build', on_start: start(), dependencies: ['checkout'], expected_count: 12 }),
  task({
    id: 'notes',
    kind: 'package',
    on_start: start(),
    dependencies: ['unit-tests', { id: 'security-scan', requires_success: false }],
  }),
  task({ id: 'publish', kind: 'package', on_start: start(), dependencies: ['unit-tests', 'lint', 'image'] }),
  task({ id: 'deploy', kind: 'deploy', on_start: start(), dependencies: ['publish'] }),
];

describe('a pipeline', () => {
  let batchId: string;
  const idOf = new Map<string, string>();

  const called = (name: string) =>
    vi.waitFor(
      async () => expect((await stack.client.getTask(idOf.get(name)!)).status).toBe('Running'),
      20_000,
    );

  beforeAll(async () => {
    const tasks = pipeline();
    const created = await stack.client.createBatch({ scope: 'pipeline', tasks });
    batchId = created.batchId;
    tasks.forEach(({ id }, index) => idOf.set(id, created.tasks[index]!.id));
    await called('checkout');
    await stack.client.reportSuccess(idOf.get('checkout')!);
    for (const name of ['lint', 'security-scan', 'unit-tests', 'image']) await called(name);
    await stack.client.reportSuccess(idOf.get('lint')!);
    await stack.client.reportFailure(idOf.get('security-scan')!, 'One advisory');
    await stack.client.addProgress(idOf.get('unit-tests')!, { success: 14 });
    await stack.client.pauseTask(idOf.get('deploy')!);
  });

  // proves: http/view
  test('is drawn with what each task is about', async () => {
    const { page, problems, ...watched } = await openBatch(batchId);
    expect(await drawnNodes(page)).toBe(8);
    await page.getByText('3 of 8 tasks ended').waitFor();
    await page.getByRole('heading', { name: 'pipeline' }).waitFor();
    await watched.picture('graph');
    await page.emulateMedia({ colorScheme: 'dark' });
    await watched.picture('graph dark');
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test('a task is found, chosen, and shows what is around it', async () => {
    const { page, problems, ...watched } = await openBatch(batchId);
    await drawnNodes(page);
    await page.keyboard.press('/');
    await page.keyboard.type('publ');
    await page.getByRole('option', { name: /publish/ }).waitFor();
    await page.keyboard.press('Enter');
    const panel = page.getByRole('complementary', { name: 'The chosen task' });
    await panel.getByRole('heading', { name: 'publish' }).waitFor();
    await panel.getByText('Needs 3').waitFor();
    expect(new URL(page.url()).searchParams.get('select')).toBe(idOf.get('publish'));
    await watched.picture('graph chosen');
    await panel.getByRole('button', { name: /unit-tests/ }).click();
    await panel.getByText('(35 %)').waitFor();
    await page.keyboard.press('c');
    await page.getByRole('button', { name: 'Critical path', pressed: true }).waitFor();
    await watched.picture('graph critical');
    await page.reload();
    await panel.getByRole('heading', { name: 'unit-tests' }).waitFor();
    await panel.getByRole('button', { name: 'Close' }).click();
    await panel.waitFor({ state: 'detached' });
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test('kinds are drawn together, and apart again', async () => {
    const { page, problems, ...watched } = await openBatch(batchId);
    await drawnNodes(page);
    await page.getByRole('button', { name: 'Group by kind' }).click();
    await expect.poll(() => drawnNodes(page), { timeout: 20_000 }).toBe(5);
    await watched.picture('graph grouped');
    await page.getByLabel('Find a task').fill('lint');
    await page.getByRole('option', { name: /lint/ }).click();
    const panel = page.getByRole('complementary', { name: 'The chosen kind' });
    await panel.getByText('3 tasks').waitFor();
    await panel.getByRole('button', { name: 'Draw each task' }).click();
    await expect.poll(() => drawnNodes(page), { timeout: 20_000 }).toBe(7);
    await page.reload();
    expect(await drawnNodes(page)).toBe(7);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test('what happens is seen without a reload, to the end', async () => {
    const { page, problems, ...watched } = await openBatch(batchId);
    await drawnNodes(page);
    for (const name of ['unit-tests', 'image', 'notes', 'publish']) {
      await called(name);
      await stack.client.reportSuccess(idOf.get(name)!);
    }
    await page.getByText('7 of 8 tasks ended').waitFor();
    await page.getByText('Held by paused tasks').waitFor();
    await page.getByLabel('Find a task').fill('deploy');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Resume', exact: true }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Resume' }).click();
    await page.getByText('1 task resumed').waitFor();
    await page.getByRole('complementary').getByText('Running').waitFor();
    await stack.client.reportSuccess(idOf.get('deploy')!);
    await page.getByText('8 of 8 tasks ended').waitFor();
    expect(await page.title()).toBe('Ended with failures · ArcRun');
    await watched.picture('graph ended');
    expect(problems).toEqual([]);
    await page.context().close();
  });
});

describe('a large workflow', () => {
  let batchId: string;
  let size: number;

  beforeAll(async () => {
    const workflow = await largeWorkflow();
    size = workflow.tasks.length;
    const tasks = toNewTasks(workflow, { receiverUrl: stack.receiver.url, timeScale: 1 });
    batchId = (await stack.client.createBatch({ scope: 'large', tasks })).batchId;
  });

  test('is drawn within 2 s, and moves smoothly', async () => {
    const { page, problems, ...watched } = await openBatch(batchId);
    await drawnNodes(page);
    // Visits after the first, and the quickest of three: what is measured is the page, not the start of the browser or
    // what else the machine does.
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable', { timeDomain: 'threadTicks' });
    const busyMs = async (): Promise<number> => {
      const { metrics } = await session.send('Performance.getMetrics');
      return 1000 * metrics.find(({ name }) => name === 'ThreadTime')!.value;
    };
    const times: number[] = [];
    let workMs = Infinity;
    for (let visit = 0; visit < 3; visit++) {
      await page.reload();
      expect(await drawnNodes(page)).toBe(size);
      times.push(await drawnAfterMs(page));
      // A reload begins a new count.
      workMs = Math.min(workMs, await busyMs());
    }
    const quickestMs = Math.min(...times);
    await watched.picture('graph large');
    const beforeMs = await busyMs();
    const frames = await measureFrames(page);
    const workPerFrameMs = ((await busyMs()) - beforeMs) / frames.count;
    const slow = slowness();
    console.log(
      `on a machine ${slow.toFixed(1)} times slower than usual ${size} tasks drawn ${Math.round(quickestMs)} ms after the page was asked for, of which its thread worked ` +
        `${Math.round(workMs)} ms; while panning ${frames.perSecond.toFixed(0)} frames/s, ` +
        `${workPerFrameMs.toFixed(1)} ms of work each, the longest after ${Math.round(frames.longestMs)} ms`,
    );
    await watched.picture('graph large panned');
    expect(workMs).toBeLessThan(DRAWN_WITHIN_MS * slow);
    expect(workPerFrameMs).toBeLessThan(SMOOTH_FRAME_MS * slow);
    // On a crowded machine the clock says more about the others.
    if (loadavg()[0]! < availableParallelism()) {
      expect(quickestMs).toBeLessThan(DRAWN_WITHIN_MS * slow);
      expect(frames.perSecond).toBeGreaterThan(1000 / SMOOTH_FRAME_MS / slow);
    }
    expect(problems).toEqual([]);
    await page.context().close();
  });
});

test('10,000 tasks open as groups, and are found all the same', { timeout: 120_000 }, async () => {
  const tasks = Array.from({ length: 10_000 }, (_, n) =>
    task({
      id: `t${n}`,
      kind: `stage-${Math.floor(n / 500)}`,
      on_start: start(),
      dependencies: n < 500 ? [] : [`t${n - 500}`],
    }),
  );
  const { batchId } = await stack.client.createBatch({ scope: 'huge', tasks });
  const { page, problems, ...watched } = await openBatch(batchId);
  expect(await drawnNodes(page)).toBe(20);
  await watched.picture('graph huge');
  await page.getByLabel('Find a task').fill('t9999');
  await page.keyboard.press('Enter');
  const panel = page.getByRole('complementary', { name: 'The chosen kind' });
  await panel.getByRole('heading', { name: 'stage-19' }).waitFor();
  await panel.getByRole('button', { name: 'Draw each task' }).click();
  await expect.poll(() => drawnNodes(page), { timeout: 20_000 }).toBe(519);
  await watched.picture('graph huge opened');
  // Of a long list only what is seen is there.
  await page.getByRole('link', { name: 'Table' }).click();
  await page.getByText('10,000 of 10,000 tasks').waitFor();
  const listed = page.getByRole('row');
  await expect.poll(() => listed.count()).toBeGreaterThan(5);
  expect(await listed.count()).toBeLessThan(100);
  await watched.picture('table huge');
  await page.getByRole('link', { name: 'Timeline' }).click();
  await page.getByRole('button', { name: /stage-0/ }).click();
  await page.getByRole('link', { name: 't0', exact: true }).waitFor();
  await watched.picture('timeline huge');
  expect(await page.locator('.timeline-line').count()).toBeLessThan(100);
  await stack.client.stopBatch(batchId);
  await page.getByText('10,000 of 10,000 tasks ended').waitFor();
  expect(problems).toEqual([]);
  await page.context().close();
});

/** When the frame with the graph in it was drawn, counted from the moment at which the page was asked for. */
const drawnAfterMs = (page: Page): Promise<number> =>
  page.evaluate<number>(`new Promise((resolve) => {
    const read = () => {
      const mark = performance.getEntriesByName('graph drawn').at(-1);
      if (mark === undefined) requestAnimationFrame(read);
      else resolve(mark.startTime);
    };
    read();
  })`);

/** Drags the graph about for two seconds and counts the frames that the browser draws meanwhile. */
async function measureFrames(page: Page): Promise<{ count: number; perSecond: number; longestMs: number }> {
  const box = (await drawn(page).boundingBox())!;
  const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  await page.mouse.move(middle.x, middle.y);
  // On the ground, so that the graph is moved: a press on a node moves it as well, since nodes are fixed.
  await page.mouse.down();
  await page.evaluate(`{
    const frames = (globalThis.frames_ = [performance.now()]);
    const note = () => { frames.push(performance.now()); globalThis.noting_ = requestAnimationFrame(note); };
    globalThis.noting_ = requestAnimationFrame(note);
  }`);
  const endMs = performance.now() + 2000;
  for (let step = 0; performance.now() < endMs; step++) {
    await page.mouse.move(middle.x + 150 * Math.sin(step / 8), middle.y + 100 * Math.cos(step / 8));
  }
  const frames = await page.evaluate<number[]>(
    'cancelAnimationFrame(globalThis.noting_), globalThis.frames_',
  );
  await page.mouse.up();
  const gaps = frames.slice(1).map((at, index) => at - frames[index]!);
  return {
    count: gaps.length,
    perSecond: (1000 * gaps.length) / (frames.at(-1)! - frames[0]!),
    longestMs: Math.max(...gaps),
  };
}
