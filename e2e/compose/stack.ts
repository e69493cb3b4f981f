import { resolve } from 'node:path';
import { runCommand } from './commands.ts';
import type { Engine } from './engine.ts';

const FILE = resolve(import.meta.dirname, '../../infra/docker-compose.yml');
/** As `docker compose up` waits for what is unhealthy or still being made. */
const UP_LIMIT_MS = 300_000;

interface ContainerState {
  readonly Status: string;
  readonly ExitCode: number;
  readonly OOMKilled: boolean;
  readonly Health?: { readonly Status: string };
}

export interface Container {
  readonly id: string;
  readonly state: ContainerState;
}

/** The stack of infra/docker-compose.yml under a name of its own. */
export class ComposeStack {
  readonly #engine: Engine;
  readonly #project: string;
  readonly #env: NodeJS.ProcessEnv;

  constructor(engine: Engine, project: string, settings: Readonly<Record<string, string>>) {
    this.#engine = engine;
    this.#project = project;
    this.#env = { ...engine.env, ...settings };
  }

  get network(): string {
    return `${this.#project}_default`;
  }

  up(services: readonly string[], workers: number): Promise<string> {
    return this.#compose('up', '-d', '--no-build', '--scale', `worker=${workers}`, ...services);
  }

  stop(...services: string[]): Promise<string> {
    return this.#compose('stop', ...services);
  }

  down(): Promise<string> {
    return this.#compose('down', '--volumes', '--remove-orphans', '--timeout', '5');
  }

  logs(): Promise<string> {
    return this.#compose('logs', '--no-color', '--tail', '60');
  }

  /** The images of all services, by the service. */
  async images(): Promise<Map<string, string>> {
    const text = await this.#compose('config');
    const images = new Map<string, string>();
    let service = '';
    for (const line of text.split('\n')) {
      service = /^ {2}([\w-]+):$/.exec(line)?.[1] ?? service;
      const image = /^ {4}image: (\S+)$/.exec(line)?.[1];
      if (image !== undefined) images.set(service, image);
    }
    return images;
  }

  async containers(service: string): Promise<Container[]> {
    const filters = [`com.docker.compose.project=${this.#project}`, `com.docker.compose.service=${service}`];
    const ids = await this.docker('ps', '-aq', ...filters.flatMap((each) => ['--filter', `label=${each}`]));
    const states = ids
      .split('\n')
      .filter(Boolean)
      .map((id) => this.inspect(id));
    return Promise.all(states);
  }

  async inspect(id: string): Promise<Container> {
    const state = await this.docker('inspect', '--format', '{{json .State}}', id);
    return { id, state: JSON.parse(state) as ContainerState };
  }

  async countHealthy(service: string): Promise<number> {
    const containers = await this.containers(service);
    return containers.filter(({ state }) => state.Health?.Status === 'healthy').length;
  }

  docker(...words: string[]): Promise<string> {
    return runCommand([...this.#engine.docker, ...words], { env: this.#env });
  }

  #compose(...words: string[]): Promise<string> {
    const all = [...this.#engine.compose, '-f', FILE, '-p', this.#project, ...words];
    return runCommand(all, { env: this.#env, limitMs: UP_LIMIT_MS });
  }
}
