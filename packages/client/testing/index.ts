export { headersOf, SIGNED_CALLS } from './signed-calls.ts';
