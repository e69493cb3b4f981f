const SHOWN_DETAILS = 3;

/**
 * A call that did not succeed: refused by the server, or never answered.
 * `status` is the HTTP status, 0 when there was no answer (then `cause` tells why).
 */
export class ArcRunError extends Error {
  override readonly name = 'ArcRunError';
  readonly status: number;
  /** `<field>: <message>` for each thing that is wrong with the request. */
  readonly details: readonly string[];
  /** The answer's body, parsed when it was JSON, else its text. */
  readonly body: unknown;
  /** An earlier try of the same call got no answer, so that it may have been carried out. */
  isRepeat = false;

  constructor(
    message: string,
    answer: { status: number; details?: readonly string[]; body?: unknown; cause?: unknown },
  ) {
    super(message, answer.cause === undefined ? undefined : { cause: answer.cause });
    this.status = answer.status;
    this.details = answer.details ?? [];
    this.body = answer.body;
  }

  /** The error for an answer outside 2xx. */
  static fromAnswer(call: string, status: number, body: unknown): ArcRunError {
    const { sentence, details } = readErrorBody(body);
    const shown = details.slice(0, SHOWN_DETAILS);
    const rest = details.length - shown.length;
    const listed = shown.length === 0 ? '' : ` (${shown.join('; ')}${rest > 0 ? `; ${rest} more` : ''})`;
    return new ArcRunError(`${call} answered ${status}${sentence && `: ${sentence}`}${listed}`, {
      status,
      details,
      body,
    });
  }
}

/** A proxy's error page has neither sentence nor details. */
function readErrorBody(body: unknown): { sentence: string; details: string[] } {
  if (typeof body !== 'object' || body === null) return { sentence: '', details: [] };
  const { error, details } = body as { error?: unknown; details?: unknown };
  return {
    sentence: typeof error === 'string' ? error : '',
    details: Array.isArray(details) ? details.filter((detail) => typeof detail === 'string') : [],
  };
}
