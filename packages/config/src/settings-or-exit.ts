import { SettingsError } from './read-settings.ts';

/** What `read` gives; when the environment is wrong, that is said on stderr, and the process ends with 1. */
export function settingsOrExit<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
