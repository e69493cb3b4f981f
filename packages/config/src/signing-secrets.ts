import { createHmac } from 'node:crypto';

/** Of the standard; a secret is as safe as it is long. */
export const SECRET_BYTES = { min: 24, max: 64 } as const;

/**
 * What calls are signed with, as Standard Webhooks (https://www.standardwebhooks.com) says. The keys are kept where
 * nothing that prints this shows them.
 */
export class SigningSecrets {
  readonly #keys: readonly Buffer[];

  constructor(keys: readonly Buffer[]) {
    this.#keys = keys;
  }

  /**
   * The value of `webhook-signature`: a signature with each secret, so that a receiver may know either while one takes
   * the place of another.
   */
  sign(id: string, timestampSecs: number, body: Buffer | string): string {
    const signatures = this.#keys.map((key) => {
      const hmac = createHmac('sha256', key).update(`${id}.${timestampSecs}.`).update(body);
      return `v1,${hmac.digest('base64')}`;
    });
    return signatures.join(' ');
  }
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The key of a secret, which is base64, usually behind `whsec_`; null when it is none, or of another length. */
export function readSigningKey(secret: string): Buffer | null {
  const text = secret.replace(/^whsec_/, '');
  if (!BASE64.test(text)) return null;
  const key = Buffer.from(text, 'base64');
  return key.length >= SECRET_BYTES.min && key.length <= SECRET_BYTES.max ? key : null;
}
