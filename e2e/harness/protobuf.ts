/** A value as it stands in a message: what is shorter than 8 bytes is a number, the rest are bytes. */
type FieldValue = bigint | Buffer;

/** The fields of a protobuf message by their numbers, each as often as it stands there. */
export class ProtobufMessage {
  readonly #fields = new Map<number, FieldValue[]>();

  constructor(bytes: Buffer) {
    let at = 0;
    const varint = (): bigint => {
      let value = 0n;
      for (let shift = 0n; ; shift += 7n) {
        const byte = bytes[at++]!;
        value |= BigInt(byte & 0x7f) << shift;
        if (byte < 0x80) return value;
      }
    };
    const read = (wireType: number): FieldValue => {
      switch (wireType) {
        case 0:
          return varint();
        case 1:
          return bytes.readBigUInt64LE((at += 8) - 8);
        case 2: {
          const length = Number(varint());
          return bytes.subarray(at, (at += length));
        }
        case 5:
          return BigInt(bytes.readUInt32LE((at += 4) - 4));
        default:
          throw new Error(`wire type ${wireType} is not read`);
      }
    };
    while (at < bytes.length) {
      const tag = Number(varint());
      const values = this.#fields.get(tag >> 3) ?? [];
      values.push(read(tag & 7));
      this.#fields.set(tag >> 3, values);
    }
  }

  messages(field: number): ProtobufMessage[] {
    return (this.#fields.get(field) ?? []).map((value) => new ProtobufMessage(value as Buffer));
  }

  bytes(field: number): Buffer | undefined {
    return this.#fields.get(field)?.[0] as Buffer | undefined;
  }

  text(field: number): string | undefined {
    return this.bytes(field)?.toString('utf8');
  }

  number(field: number): bigint | undefined {
    return this.#fields.get(field)?.[0] as bigint | undefined;
  }
}
