const BELOW = ['domain', 'contracts', 'config', 'database', 'queue', 'observability'];

/** Which packages each package may depend on. */
export const PACKAGE_LAYERS: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  contracts: ['domain'],
  config: [],
  database: ['domain'],
  queue: ['contracts'],
  observability: [],
  // Of the UI it serves the files.
  api: [...BELOW, 'web'],
  worker: BELOW,
  web: ['contracts'],
  client: ['contracts'],
  local: ['client'],
};
