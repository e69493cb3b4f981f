import { AccessTokens } from './access-tokens.ts';
import { type Setting, type SettingName, SETTINGS } from './settings.ts';
import { readSigningKey, SECRET_BYTES, SigningSecrets } from './signing-secrets.ts';

type ValueOf<S extends Setting> = S['type'] extends 'integer' | 'number'
  ? number
  : S['type'] extends 'flag'
    ? boolean
    : S['type'] extends 'list'
      ? readonly string[]
      : S['type'] extends 'tokens'
        ? AccessTokens | undefined
        : S['type'] extends 'secrets'
          ? SigningSecrets | undefined
          : S extends { choices: readonly (infer C)[] }
            ? C
            : string;

/** Every setting's value, by the name of its environment variable. */
export type Settings = { readonly [Name in SettingName]: ValueOf<(typeof SETTINGS)[Name]> };

export type Environment = Readonly<Record<string, string | undefined>>;

/** All that is wrong with the environment, one sentence a setting. */
export class SettingsError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`bad settings:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'SettingsError';
    this.problems = problems;
  }
}

/** Reads and checks all settings. @throws SettingsError with every problem, never just the first */
export function readSettings(env: Environment): Settings {
  const settings = readSome(env, Object.keys(SETTINGS) as SettingName[]);
  const problems = findContradictions(settings);
  if (problems.length > 0) throw new SettingsError(problems);
  return settings;
}

/** Reads and checks these settings alone. @throws SettingsError with every problem */
export function readSome<Name extends SettingName>(
  env: Environment,
  names: readonly Name[],
): Pick<Settings, Name> {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const name of names) {
    const setting: Setting = SETTINGS[name];
    const given = env[name]?.trim();
    // A secret that came out empty is a mistake that would open a door.
    const isSecret = setting.type === 'tokens' || setting.type === 'secrets';
    const isLeftOut = given === undefined || (given === '' && !isSecret);
    const text = isLeftOut ? setting.default : given;
    if (text === undefined) {
      if (setting.required) problems.push(`${name}: is required (${setting.description})`);
      continue;
    }
    const read = readValue(setting, text);
    if ('problem' in read) problems.push(`${name}: ${read.problem}`);
    else values[name] = read.value;
  }
  if (problems.length > 0) throw new SettingsError(problems);
  return Object.freeze(values) as Settings;
}

type Read = { readonly value: unknown } | { readonly problem: string };

function readValue(setting: Setting, text: string): Read {
  switch (setting.type) {
    case 'integer':
    case 'number': {
      const value = Number(text);
      const isRight = setting.type === 'integer' ? /^-?\d+$/.test(text) : Number.isFinite(value);
      if (!isRight || value < setting.min || value > setting.max) {
        const kind = setting.type === 'integer' ? 'a whole number' : 'a number';
        return { problem: `must be ${kind} from ${setting.min} to ${setting.max}, not "${text}"` };
      }
      return { value };
    }
    case 'flag':
      if (/^(1|true|yes|on)$/i.test(text)) return { value: true };
      if (/^(0|false|no|off)$/i.test(text)) return { value: false };
      return { problem: `must be 0 or 1, not "${text}"` };
    case 'text':
      return { value: text };
    case 'list':
      return {
        value: text
          .split(',')
          .map((item) => item.trim())
          .filter((item) => item !== ''),
      };
    case 'tokens':
      return readTokens(setting.minLength, text);
    case 'secrets':
      return readSecrets(text);
    case 'url':
      return readUrl(setting.protocols, text);
    case 'choice':
      return setting.choices.includes(text)
        ? { value: text }
        : { problem: `must be one of ${setting.choices.join(', ')}, not "${text}"` };
  }
}

function readTokens(minLength: number, text: string): Read {
  const tokens = text.split(',').map((token) => token.trim());
  // A header carries nothing else.
  const isUsable = new RegExp(`^[!-~]{${minLength},}$`);
  if (!tokens.every((token) => isUsable.test(token))) {
    return { problem: `each token must have at least ${minLength} characters, of ASCII and without spaces` };
  }
  return { value: new AccessTokens(tokens) };
}

function readSecrets(text: string): Read {
  const keys = text.split(',').map((secret) => readSigningKey(secret.trim()));
  if (keys.includes(null)) {
    const { min, max } = SECRET_BYTES;
    return { problem: `each secret must be base64 of ${min} to ${max} random bytes, behind "whsec_" or not` };
  }
  return { value: new SigningSecrets(keys.filter((key) => key !== null)) };
}

// A URL may hold a password, so it is never repeated.
function readUrl(protocols: readonly string[], text: string): Read {
  const url = URL.parse(text);
  if (url === null) return { problem: 'is not a URL' };
  if (!protocols.includes(url.protocol)) {
    return { problem: `must begin with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}` };
  }
  return { value: text.replace(/\/+$/, '') };
}

function findContradictions(settings: Settings): string[] {
  const problems: string[] = [];
  if (settings.PAGINATION_DEFAULT > settings.PAGINATION_MAX) {
    problems.push('PAGINATION_DEFAULT: must not be above PAGINATION_MAX');
  }
  if (settings.WEBHOOK_DELIVERY_LEASE_SECS <= settings.WEBHOOK_TIMEOUT_SECS) {
    problems.push(
      'WEBHOOK_DELIVERY_LEASE_SECS: must be above WEBHOOK_TIMEOUT_SECS, or a slow call is made twice',
    );
  }
  return problems;
}
