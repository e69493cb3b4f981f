import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/**
 * The tokens that open the server. It keeps digests alone, so that no token gets into a log with it, and compares
 * these: they have one length, so the time that it takes tells nothing about a token.
 */
export class AccessTokens {
  readonly #digests: readonly Buffer[];

  constructor(tokens: readonly string[]) {
    this.#digests = tokens.map(digest);
  }

  includes(token: string): boolean {
    return includesEqual(this.#digests, digest(token));
  }

  /** Signs with one of the tokens: when that is taken away, what it signed is void. */
  sign(token: string, text: string): string {
    return signature(digest(token), text).toString('hex');
  }

  isSigned(text: string, given: string): boolean {
    return includesEqual(
      this.#digests.map((key) => signature(key, text)),
      Buffer.from(given, 'hex'),
    );
  }
}

/** The token in an `Authorization` header; undefined when it holds none, or something else. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

const signature = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

// All are compared, also behind the one that is equal.
const includesEqual = (known: readonly Buffer[], given: Buffer): boolean =>
  known.filter((each) => each.length === given.length && timingSafeEqual(each, given)).length > 0;
