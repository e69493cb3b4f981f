import type { AccessTokens } from '@arcrun/config';

const COOKIE = 'arcrun_session';
const LIFETIME_MS = 7 * 86_400_000;

/**
 * Sessions of browsers: a cookie that says until when it is good, signed with the token that was shown. So every API
 * process knows them, none keeps them, and without the token they end.
 */
export class Sessions {
  readonly #tokens: AccessTokens;
  readonly #attributes: string;

  /** @param hostUrl where browsers find the server: the cookie goes there and nowhere else */
  constructor(tokens: AccessTokens, hostUrl: string) {
    const { protocol, pathname } = new URL(hostUrl);
    this.#tokens = tokens;
    this.#attributes = `Path=${pathname}; HttpOnly; SameSite=Strict${protocol === 'https:' ? '; Secure' : ''}`;
  }

  /** The `Set-Cookie` header that begins a session. */
  open(token: string): string {
    const until = String(Date.now() + LIFETIME_MS);
    const value = `${until}.${this.#tokens.sign(token, signedText(until))}`;
    return `${COOKIE}=${value}; Max-Age=${LIFETIME_MS / 1000}; ${this.#attributes}`;
  }

  /** The `Set-Cookie` header that ends it. */
  close(): string {
    return `${COOKIE}=; Max-Age=0; ${this.#attributes}`;
  }

  /** Whether a `Cookie` header has one that is good. Servers on other ports or paths may have set others beside it. */
  isOpen(cookies: string | undefined): boolean {
    return (cookies ?? '')
      .split(';')
      .map((cookie) => cookie.trim())
      .filter((cookie) => cookie.startsWith(`${COOKIE}=`))
      .some((cookie) => this.#isGood(cookie.slice(COOKIE.length + 1)));
  }

  #isGood(value: string): boolean {
    const [until = '', signature = ''] = value.split('.', 2);
    return Number(until) > Date.now() && this.#tokens.isSigned(signedText(until), signature);
  }
}

const signedText = (until: string): string => `arcrun session until ${until}`;
