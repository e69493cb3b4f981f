import { ApiError, UnavailableError } from '../api/request.ts';

/** What to do about an answer, by its status. */
const ADVICE: Readonly<Record<number, string>> = {
  400: 'Change what is named and try again.',
  403: 'Open the page at the address that HOST_URL names, and sign in again.',
  404: 'Check the id: it may be mistyped, or its batch was removed.',
  409: 'The state has changed meanwhile. Look at the page again.',
  413: 'Send less at once.',
  422: 'Use another idempotency key.',
  500: 'The log of the API names the cause, beside the request id.',
  501: 'This server does not have it yet.',
};

/** An error in words: what is wrong, and what to do. */
export function describeError(error: unknown): { readonly title: string; readonly text: string } {
  if (error instanceof UnavailableError) {
    return { title: error.message, text: 'It may not have been done. Try again when the API is back.' };
  }
  if (error instanceof ApiError) {
    // A state that does not allow it is 400 for some calls.
    const advice = ADVICE[error.code === 'wrong_state' ? 409 : error.status] ?? '';
    const lines = [...error.details.slice(0, 5), advice].filter((line) => line !== '');
    return { title: error.message, text: lines.join('\n') };
  }
  return {
    title: error instanceof Error ? error.message : 'Something went wrong',
    text: 'Load the page again; if it stays, please report it.',
  };
}
