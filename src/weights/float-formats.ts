// The 16-bit float formats that weights are stored in, to and from float32, rounding to nearest even. Little-endian machines only,
// like every format read here. Knows nothing of files.

import { ModelError } from "../core/errors.ts";
import type { TypedArray } from "../runtime/backend.ts";
import type { DType } from "../tensor/tensor.ts";
import type { StoredTensor } from "./safetensors.ts";

/** bfloat16 bit patterns → float32, exact. */
export function bf16ToF32(source: Uint16Array, target = new Float32Array(source.length)): Float32Array {
  const bits = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let i = 0; i < source.length; i++) bits[i] = (source[i] as number) << 16;
  return target;
}

/** float32 → bfloat16 bit patterns. NaN stays NaN. */
export function f32ToBf16(source: Float32Array, target = new Uint16Array(source.length)): Uint16Array {
  const bits = new Uint32Array(source.buffer, source.byteOffset, source.length);
  for (let i = 0; i < bits.length; i++) {
    const u = bits[i] as number;
    target[i] = (u & 0x7fffffff) > 0x7f800000 ? (u >>> 16) | 0x40 : (u + 0x7fff + ((u >>> 16) & 1)) >>> 16;
  }
  return target;
}

/** float16 bit patterns → float32, exact. */
export function f16ToF32(source: Uint16Array, target = new Float32Array(source.length)): Float32Array {
  f16Table ??= buildF16Table();
  const bits = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let i = 0; i < source.length; i++) bits[i] = f16Table[source[i] as number] as number;
  return target;
}

/** float32 → float16 bit patterns; magnitudes of 65520 and more become infinite. NaN stays NaN. */
export function f32ToF16(source: Float32Array, target = new Uint16Array(source.length)): Uint16Array {
  const bits = new Uint32Array(source.buffer, source.byteOffset, source.length);
  for (let i = 0; i < bits.length; i++) target[i] = f16Bits(bits[i] as number);
  return target;
}

/** A backend's contents as float32: 16-bit patterns are widened, float32 is returned as it is. @throws ModelError for other dtypes. */
export function toFloat32(data: TypedArray, dtype: DType): Float32Array {
  if (data instanceof Float32Array) return data;
  if (data instanceof Float64Array) return Float32Array.from(data);
  if (data instanceof Uint16Array && dtype === "bfloat16") return bf16ToF32(data);
  if (data instanceof Uint16Array && dtype === "float16") return f16ToF32(data);
  throw new ModelError(`a ${dtype} tensor does not hold floating-point numbers`);
}

/**
 * A stored tensor's numbers as a new float32 array (float64 is rounded).
 * @throws ModelError for integer and boolean tensors.
 */
export function readFloats(tensor: StoredTensor): Float32Array {
  const count = tensor.shape.reduce((product, size) => product * size, 1);
  const target = new Float32Array(count);
  const elementBytes = count === 0 ? 1 : tensor.byteLength / count;
  const piece = 1 << 24; // elements: bounds what is copied when the file's bytes are not aligned
  for (let start = 0; start < count; start += piece) {
    const end = Math.min(count, start + piece);
    const bytes = tensor.bytes(start * elementBytes, end * elementBytes);
    const part = target.subarray(start, end);
    switch (tensor.dtype) {
      case "F32":
        part.set(new Float32Array(...aligned(bytes, 4)));
        break;
      case "F64":
        part.set(new Float64Array(...aligned(bytes, 8)));
        break;
      case "BF16":
        bf16ToF32(new Uint16Array(...aligned(bytes, 2)), part);
        break;
      case "F16":
        f16ToF32(new Uint16Array(...aligned(bytes, 2)), part);
        break;
      default:
        throw new ModelError(`tensor "${tensor.name}" holds ${tensor.dtype}, not floating-point numbers`, {
          place: { file: tensor.file, key: tensor.name },
        });
    }
  }
  return target;
}

/** Index of the first NaN or infinity, or undefined. Integer tensors have none. */
export function findNonFinite(tensor: StoredTensor): { readonly index: number; readonly value: number } | undefined {
  const layout = nonFinitePatterns[tensor.dtype];
  if (!layout) return undefined;
  const pieceBytes = 1 << 26;
  for (let start = 0; start < tensor.byteLength; start += pieceBytes) {
    const bytes = tensor.bytes(start, Math.min(tensor.byteLength, start + pieceBytes));
    const words =
      layout.wordBytes === 2 ? new Uint16Array(...aligned(bytes, 2)) : new Uint32Array(...aligned(bytes, 4));
    const { exponent, stride } = layout;
    for (let i = stride - 1; i < words.length; i += stride) {
      const word = words[i] as number;
      if ((word & exponent) !== exponent) continue;
      const fraction = (word & layout.fraction) | (stride === 2 ? (words[i - 1] as number) : 0);
      const value = fraction !== 0 ? Number.NaN : word >>> (layout.wordBytes * 8 - 1) ? -Infinity : Infinity;
      return { index: start / (layout.wordBytes * stride) + (i - stride + 1) / stride, value };
    }
  }
  return undefined;
}

/** @throws ModelError naming the first NaN or infinity in the tensor. */
export function requireFinite(tensor: StoredTensor): void {
  const found = findNonFinite(tensor);
  if (!found) return;
  throw new ModelError(`weight "${tensor.name}" has ${found.value} at index ${found.index} (shape [${tensor.shape}])`, {
    hint: "The checkpoint is damaged or its training diverged; take an earlier one.",
    place: { file: tensor.file, key: tensor.name },
  });
}

/** Words of which all exponent bits set mean "not finite". For F64 (little-endian) the upper word is every second one. */
const nonFinitePatterns: Readonly<
  Record<string, { wordBytes: 2 | 4; exponent: number; fraction: number; stride: number }>
> = {
  BF16: { wordBytes: 2, exponent: 0x7f80, fraction: 0x7f, stride: 1 },
  F16: { wordBytes: 2, exponent: 0x7c00, fraction: 0x3ff, stride: 1 },
  F32: { wordBytes: 4, exponent: 0x7f800000, fraction: 0x7fffff, stride: 1 },
  F64: { wordBytes: 4, exponent: 0x7ff00000, fraction: 0xfffff, stride: 2 },
};

/** Arguments for a typed array over `bytes`; copies only when JavaScript's alignment rule demands it. */
function aligned(bytes: Uint8Array, size: number): [ArrayBufferLike, number, number] {
  const fits = bytes.byteOffset % size === 0;
  const from = fits ? bytes : bytes.slice();
  return [from.buffer, from.byteOffset, from.byteLength / size];
}

let f16Table: Uint32Array | undefined;

function buildF16Table(): Uint32Array {
  const table = new Uint32Array(65536);
  const value = new Float32Array(1);
  const bits = new Uint32Array(value.buffer);
  for (let half = 0; half < 65536; half++) {
    const exponent = (half >>> 10) & 0x1f;
    const fraction = half & 0x3ff;
    const sign = (half & 0x8000) << 16;
    if (exponent === 0x1f) table[half] = sign | 0x7f800000 | (fraction << 13);
    else if (exponent > 0) table[half] = sign | ((exponent + 112) << 23) | (fraction << 13);
    else {
      value[0] = fraction * 2 ** -24;
      table[half] = sign | (bits[0] as number);
    }
  }
  return table;
}

function f16Bits(u: number): number {
  const sign = (u >>> 16) & 0x8000;
  const magnitude = u & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00 | ((magnitude >>> 13) & 0x3ff);
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // 65520 and above
  if (magnitude >= 0x38800000) {
    const rebased = magnitude - 0x38000000;
    return sign | ((rebased + 0xfff + ((rebased >>> 13) & 1)) >>> 13);
  }
  if (magnitude <= 0x33000000) return sign; // 2^-25 and below
  const shift = 126 - (magnitude >>> 23); // subnormal halves are multiples of 2^-24
  const mantissa = (magnitude & 0x7fffff) | 0x800000;
  const whole = mantissa >>> shift;
  const rest = mantissa & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return sign | (whole + (rest > half || (rest === half && (whole & 1) === 1) ? 1 : 0));
}
