import type { HttpRequest } from '../parties/keep-alive-client.ts';

/** How many requests are under way at once wherever a floor is measured. */
export const IN_FLIGHT = 64;

/** What a library does when nothing else is asked of it. */
export interface Floor {
  readonly perSecond: number;
  /** CPU of one, in ms: of the process that is measured and of the server that it needs, never of its counterpart. */
  readonly cpuMs: number;
}

/** As long as the `on_start` of a task and the report of its end are, more or less. */
export const SAMPLE = {
  id: '01932b5c-7b1e-7c3a-9f00-3c1d2a4b5c6d',
  status: 'Success',
  kind: 'bench',
  metadata: { tenant_id: 'tenant-7', attempt: 1, region: 'eu-central-1' },
  url: 'http://127.0.0.1:4000/task/01932b5c-7b1e-7c3a-9f00-3c1d2a4b5c6d',
  note: 'the same body for every floor',
} as const;

const BODY = JSON.stringify(SAMPLE);

export const postJson = (url: string): HttpRequest & { readonly body: string } => ({
  method: 'POST',
  url,
  body: BODY,
});
