// A tensor that ONNX Runtime can read: who owns its memory, who is using it, when it may go. Knows nothing of how memory is filled.
// ONNX Runtime keeps only an address, so the cell holds the JavaScript array, or the mapping, until the native value is released.

import { RuntimeFailure } from "../../core/errors.ts";
import type { DType, Shape } from "../../tensor/tensor.ts";
import type { TypedArray, Value } from "../backend.ts";
import { byteLengthOf, describeShape } from "../element-type.ts";
import type { Address } from "../ffi.ts";

export type Device = "cpu" | "webgpu";

/** The native side of a value. */
export interface Cell {
  readonly device: Device;
  /** The OrtValue; 0n before it is made and after it is released. */
  handle: Address;
  /** The memory that the OrtValue points into, when it is JavaScript's. Kept alive by being here. */
  readonly data: TypedArray | undefined;
  /** Whoever owns that memory when it is not JavaScript's. Kept alive by being here. */
  readonly owner: object | undefined;
  /** Foreign memory that may not be written: a mapped file. */
  readonly readOnly: boolean;
  /** Native calls under way that read or write it. */
  users: number;
  disposed: boolean;
  /** Why it could not be made, when that was found out later. */
  failure: unknown;
  /** Releases the OrtValue and whatever lies under it. Called once, when disposed and unused. */
  readonly free: (cell: Cell) => void;
}

const cells = new WeakMap<Value, Cell>();

// A net, not the mechanism: what was forgotten is released when it is collected.
const forgotten = new FinalizationRegistry<Cell>(dispose);

export interface CellOptions {
  readonly device: Device;
  readonly handle: Address;
  readonly free: (cell: Cell) => void;
  readonly data?: TypedArray;
  readonly owner?: object;
  readonly readOnly?: boolean;
}

export function createValue(shape: Shape, dtype: DType, options: CellOptions): Value {
  const { data, owner, readOnly = false, ...rest } = options;
  const cell: Cell = { ...rest, data, owner, readOnly, users: 0, disposed: false, failure: undefined };
  const end = () => {
    if (!cell.disposed) forgotten.unregister(cell);
    dispose(cell);
  };
  const value: Value = {
    shape: [...shape],
    dtype,
    byteLength: byteLengthOf(shape, dtype),
    dispose: end,
    [Symbol.dispose]: end,
  };
  cells.set(value, cell);
  forgotten.register(value, cell, cell);
  return value;
}

function dispose(cell: Cell): void {
  if (cell.disposed) return;
  cell.disposed = true;
  if (cell.users === 0) cell.free(cell);
}

/** The cell of a living value of this device. Throws RuntimeFailure for one that is disposed, foreign or failed. */
export function cellOf(value: Value, device: Device, role: string): Cell {
  const cell = cells.get(value);
  if (cell === undefined || cell.device !== device) {
    const from = cell === undefined ? "another backend" : `the ${cell.device} backend`;
    throw new RuntimeFailure(`${role} is a value of ${from}, not of this ${device} backend`, {
      hint: "Read it there and make a value of the contents here.",
    });
  }
  if (cell.disposed) {
    throw new RuntimeFailure(`${role}, a ${value.dtype} value of shape ${describeShape(value.shape)}, is disposed`, {
      hint: "Dispose a value only after the last run and read that use it.",
    });
  }
  if (cell.failure !== undefined) throw cell.failure;
  return cell;
}

/** Keeps the native value until `unuse`, whatever happens to the value meanwhile. */
export function use(cell: Cell): void {
  cell.users++;
}

export function unuse(cell: Cell): void {
  cell.users--;
  if (cell.users === 0 && cell.disposed) cell.free(cell);
}
