// `npm run pictures`: runs the demo as `npm start` does, and takes the pictures of the README from its pages.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { createClient } from '@arcrun/client';
import type { Page } from 'playwright-core';
import { openBrowser } from '../harness/browser.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const PICTURES = join(ROOT, 'docs/pictures');
const SIZE = { width: 1280, height: 800 };

/** Resolves with the address of the API. */
async function untilReady(demo: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: demo.stdout! })) {
    console.log(line);
    const url = /API is ready at (\S+)/.exec(line)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error('npm start has ended before the API was ready');
}

async function takePictures(page: Page, url: string): Promise<void> {
  const client = createClient({ url });
  const take = async (name: string) => {
    await page.screenshot({ path: join(PICTURES, `${name}.png`), animations: 'disabled' });
    console.log(`docs/pictures/${name}.png`);
  };
  const batches = await client.listBatches({ page_size: 1 });
  const batchId = batches[0]!.batch_id;
  await page.goto(`${url}/view?batch=${batchId}`);
  await page.getByRole('button', { name: 'Fit' }).waitFor();
  // In the middle of the demo some have ended, some run and some wait.
  await page.getByText(/^1\d of 23 tasks ended/).waitFor({ timeout: 30_000 });
  await take('graph');
  await client.waitForBatch(batchId);
  await page.goto(`${url}/view?batch=${batchId}&tab=timeline`);
  await page.getByText('+0 s').waitFor();
  await take('timeline');
  await page.goto(`${url}/view?page=overview`);
  await page
    .getByText(/^[1-9]\d* succeeded/)
    .first()
    .waitFor({ timeout: 30_000 });
  await take('overview');
}

const demo = spawn(process.execPath, [join(ROOT, 'packages/local/src/main.ts')], {
  cwd: ROOT,
  env: { ...process.env, METRICS_SAMPLER_INTERVAL_SECS: '2' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const browser = await openBrowser();
try {
  await mkdir(PICTURES, { recursive: true });
  const url = await untilReady(demo);
  demo.stdout.resume();
  const context = await browser.newContext({ viewport: SIZE });
  await takePictures(await context.newPage(), url);
} finally {
  await browser.close();
  demo.kill('SIGINT');
  if (demo.exitCode === null) await once(demo, 'exit');
}
