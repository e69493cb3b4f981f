export { AccessTokens, bearerToken } from './access-tokens.ts';
export { findRisks } from './find-risks.ts';
export { type Environment, readSettings, readSome, type Settings, SettingsError } from './read-settings.ts';
export { settingsOrExit } from './settings-or-exit.ts';
export { type SigningSecrets } from './signing-secrets.ts';
export { IGNORED_SETTINGS, type Setting, type SettingName, SETTINGS } from './settings.ts';
