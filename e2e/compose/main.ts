// `npm run test:compose`: builds the image with the real Dockerfile, brings up the compose file's stack, uses it, and
// takes it down. Images that cannot be pulled are stood in for by what Debian's packages make of them.
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { baseImages, buildImage } from './build-image.ts';
import { type Engine, findEngine } from './engine.ts';
import { startSlowReceiver } from './receiver.ts';
import { runSmokeTest } from './smoke.ts';
import { ComposeStack } from './stack.ts';
import { ensureImage } from './stand-ins.ts';
import { freePort } from '../harness/free-port.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const IMAGE = 'arcrun:test';
const OWN_SERVICES = ['migrate', 'api', 'worker'];

const step = (message: string): void => {
  console.log(`${process.uptime().toFixed(0).padStart(4)} s  ${message}`);
};

const engine = await findEngine(join(ROOT, '.arcrun/docker'));
if ('problem' in engine) {
  console.log(`Left out, since no Docker engine can run here. ${engine.problem}`);
} else {
  step(engine.description);
  try {
    await run(engine);
    console.log('The compose stack works.');
  } catch (error) {
    console.error(error instanceof Error ? error.stack : String(error));
    process.exitCode = 1;
  } finally {
    await engine.stop();
  }
}

async function run(found: Engine): Promise<void> {
  for (const name of await baseImages(join(ROOT, 'infra/Dockerfile')))
    step(`${name}: ${await ensureImage(found, name)}`);
  await buildImage(found, IMAGE);
  step('the image is built');

  const token = randomBytes(16).toString('hex');
  const ports = await freePorts(['ARCRUN_PORT', 'PROMETHEUS_PORT', 'GRAFANA_PORT', 'JAEGER_PORT']);
  const apiUrl = `http://127.0.0.1:${ports['ARCRUN_PORT']}`;
  const stack = new ComposeStack(found, `arcruntest${randomBytes(4).toString('hex')}`, {
    ...ports,
    HOST_URL: apiUrl,
    AUTH_TOKEN: token,
    ARCRUN_IMAGE: IMAGE,
    POSTGRES_PASSWORD: 'arcrun',
    SKIP_SSRF_VALIDATION: '1',
    TRACING_ENABLED: '0',
    LOG_LEVEL: 'info',
  });
  const services = await findServices(found, stack);
  const receiver = await startSlowReceiver(token);
  try {
    const prometheusUrl = `http://127.0.0.1:${ports['PROMETHEUS_PORT']}`;
    await runSmokeTest({ stack, receiver, image: IMAGE, apiUrl, prometheusUrl, token, services, step });
  } catch (error) {
    console.error(await stack.logs().catch(() => ''));
    throw error;
  } finally {
    receiver.close();
    await stack.down();
    step('taken down');
  }
}

/** Those whose images are there; the others are named and left out. */
async function findServices(found: Engine, stack: ComposeStack): Promise<string[]> {
  const services: string[] = [];
  for (const [service, image] of await stack.images()) {
    const presence = OWN_SERVICES.includes(service) ? 'there' : await ensureImage(found, image);
    if (presence === 'missing') step(`${image}: cannot be pulled, so ${service} is left out`);
    else {
      if (presence !== 'there') step(`${image}: ${presence}`);
      services.push(service);
    }
  }
  return services;
}

async function freePorts(names: readonly string[]): Promise<Record<string, string>> {
  const ports: Record<string, string> = {};
  const taken = new Set<number>();
  for (const name of names) {
    const port = await freePort(taken);
    taken.add(port);
    ports[name] = String(port);
  }
  return ports;
}
