/** JSON, as a SQL function takes it: text, or its bytes when they come from another thread. */
export type SqlJson = string | Uint8Array<ArrayBuffer>;
