export { readSettings, type Environment, type Settings, SettingsError } from './read-settings.ts';
export { IGNORED_SETTINGS, type Setting, type SettingName, SETTINGS } from './settings.ts';
