// The floating-point numbers of stored tensors as float32, and whether they are finite. Little-endian machines only, like every format
// read here. Knows nothing of files.

import { ModelError } from "../core/errors.ts";
import type { TypedArray } from "../runtime/backend.ts";
import { bf16ToF32, f16ToF32 } from "../runtime/half-floats.ts";
import type { DType } from "../tensor/tensor.ts";
import type { StoredTensor } from "./safetensors.ts";

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
