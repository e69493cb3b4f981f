import { existsSync } from 'node:fs';

/** The shell first: without the parts of a browser that no test sees it needs half of the CPU. */
const CHROMIUM = [
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** The machine's own Chromium; `CHROMIUM_PATH` names another one. */
export function findChromium(): string | undefined {
  return [process.env['CHROMIUM_PATH'] ?? '', ...CHROMIUM].find((path) => path !== '' && existsSync(path));
}
