export { AccessTokens, bearerToken } from './access-tokens.ts';
export { findRisks } from './find-risks.ts';
export { readSettings, readSome, type Environment, type Settings, SettingsError } from './read-settings.ts';
export { type SigningSecrets } from './signing-secrets.ts';
export { IGNORED_SETTINGS, type Setting, type SettingName, SETTINGS } from './settings.ts';
