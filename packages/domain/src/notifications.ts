import type { TaskStatus } from './status.ts';

export type Trigger = 'Start' | 'End' | 'Cancel' | 'BatchComplete';
export type Condition = 'Success' | 'Failure';

/**
 * The key by which a receiver recognises a call that it has had already. The first action of a trigger has the
 * bare key, the others their position behind it; so has on_start in the first attempt, and its attempt in others.
 */
export function idempotencyKey(call: {
  trigger: Trigger;
  condition: Condition | null;
  subjectId: string;
  position: number;
  attempt?: number;
}): string {
  const suffix = call.position === 0 ? '' : `:${call.position}`;
  switch (call.trigger) {
    case 'Start':
      return `${call.subjectId}:start${(call.attempt ?? 1) > 1 ? `:attempt:${call.attempt}` : suffix}`;
    case 'End':
      return `${call.subjectId}:end:${call.condition === 'Success' ? 'success' : 'failure'}${suffix}`;
    case 'Cancel':
      return `${call.subjectId}:cancel${suffix}`;
    case 'BatchComplete':
      return `batch:${call.subjectId}:complete${suffix}`;
  }
}

/** The value of `X-Task-Trigger`. */
export const TRIGGER_HEADERS = {
  Start: 'start',
  End: 'end',
  Cancel: 'cancel',
  BatchComplete: 'batch_complete',
} as const satisfies Record<Trigger, string>;

/** What a notification tells besides the user's body, under the reserved key `arcrun`. */
export type Report =
  | { status: TaskStatus; ended_at: string; trigger: string }
  | {
      batch_id: string;
      counts: { success: number; failure: number; canceled: number };
      completed_at: string;
    };

/**
 * The body of a notification: the report goes into a JSON object (in place of a key of that name), stands alone
 * when there is no body, and beside any other JSON value.
 *
 * Works on text, so that numbers of 64 bits keep their digits.
 *
 * @param body the user's body as JSON text
 */
export function enrichBody(body: string | null, report: Report): string {
  const arcrun = JSON.stringify(report);
  if (body === null) return `{"arcrun":${arcrun}}`;
  const object = body.trim();
  if (!object.startsWith('{')) return `{"arcrun":${arcrun},"body":${body}}`;
  const members = parseMembers(object);
  members.delete('arcrun');
  const kept = Array.from(members, ([name, text]) => `${JSON.stringify(name)}:${text}`);
  return `{${[...kept, `"arcrun":${arcrun}`].join(',')}}`;
}

/** The top-level members of a JSON object, each value as its own text. */
function parseMembers(object: string): Map<string, string> {
  const members = new Map<string, string>();
  let depth = 0;
  let start = 1;
  let name: string | null = null;
  for (let at = 1; at < object.length; at++) {
    const char = object[at]!;
    if (char === '"') {
      const end = endOfString(object, at);
      if (depth === 0 && name === null) name = JSON.parse(object.slice(at, end + 1)) as string;
      at = end;
    } else if (char === ':' && depth === 0) {
      start = at + 1;
    } else if ((char === ',' || char === '}') && depth === 0) {
      if (name !== null) members.set(name, object.slice(start, at).trim());
      name = null;
    } else if (char === '{' || char === '[') {
      depth++;
    } else if (char === '}' || char === ']') {
      depth--;
    }
  }
  return members;
}

function endOfString(text: string, start: number): number {
  let end = start + 1;
  while (text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
  return end;
}
