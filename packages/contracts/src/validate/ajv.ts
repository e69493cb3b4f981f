import { Ajv } from 'ajv';
import formats from 'ajv-formats';

/** The one validator: all errors of a value, nothing coerced, no default filled in. */
export const ajv = new Ajv({ allErrors: true, strict: false });
formats.default(ajv, ['date-time']);
// Stricter than that of ajv-formats, which takes `urn:uuid:` too.
ajv.addFormat('uuid', /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i);
