import { hash } from 'node:crypto';

/** An action as it is stored. Texts are JSON. */
export interface StoredAction {
  readonly url: string;
  readonly verb: string;
  readonly headers: string | null;
  readonly body: string | null;
  /** How it is called again; what is null is left to the settings. */
  readonly retry: ActionRetry | null;
  /** Its content in canonical form; equal keys are one row. */
  readonly key: string;
}

export interface ActionRetry {
  readonly maxAttempts: number | null;
  readonly backoffSecs: number | null;
}

/** As Postgres writes bytes: "\x…". */
export const hashOfAction = ({ key }: StoredAction): string =>
  String.raw`\x${hash('sha256', key, 'hex').slice(0, 32)}`;

/** The action as `save_actions` takes it. Put together by hand, since headers and body are JSON already. */
export const toActionJson = (hashed: string, action: StoredAction): string =>
  `{"hash":${JSON.stringify(hashed)},"url":${JSON.stringify(action.url)},"verb":"${action.verb}",` +
  `"headers":${action.headers},"body":${action.body},"origin":${JSON.stringify(new URL(action.url).origin)},` +
  `"max_attempts":${action.retry?.maxAttempts ?? null},"backoff_secs":${action.retry?.backoffSecs ?? null}}`;
