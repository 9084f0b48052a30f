// Writes protocol buffer messages: each function gives the bytes of one field, and fields joined are a message. Knows nothing of ONNX.

export type Bytes = Uint8Array;

const encoder = new TextEncoder();
const VARINT = 0;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/** Fields one after the other. */
export function message(...fields: readonly Bytes[]): Bytes {
  const result = new Uint8Array(fields.reduce((length, field) => length + field.length, 0));
  let at = 0;
  for (const field of fields) {
    result.set(field, at);
    at += field.length;
  }
  return result;
}

/** A varint; negative numbers take ten bytes, as int64 does. */
export const integerField = (field: number, value: number | bigint): Bytes =>
  Uint8Array.from([...varint(tag(field, VARINT)), ...varint(BigInt.asUintN(64, BigInt(value)))]);

/** A 32-bit float. */
export function floatField(field: number, value: number): Bytes {
  const payload = new Uint8Array(4);
  new DataView(payload.buffer).setFloat32(0, value, true);
  return message(Uint8Array.from(varint(tag(field, FIXED32))), payload);
}

/** Raw bytes or a nested message. */
export const bytesField = (field: number, payload: Bytes): Bytes =>
  message(Uint8Array.from([...varint(tag(field, LENGTH_DELIMITED)), ...varint(BigInt(payload.length))]), payload);

export const textField = (field: number, text: string): Bytes => bytesField(field, encoder.encode(text));

const tag = (field: number, wireType: number): bigint => BigInt((field << 3) | wireType);

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return bytes;
}
