// What a device's memory can do. One implementation per device; programs and the backend know only this.

import type { DType, Shape } from "../../tensor/tensor.ts";
import type { Backend, Value } from "../backend.ts";
import type { Queue } from "./queue.ts";
import type { Device } from "./value.ts";

export interface DeviceMemory extends Pick<Backend, "value" | "mapped" | "allocate" | "read" | "write"> {
  readonly device: Device;
  /** The turn that a native call on this device needs. */
  readonly queue: Queue;
  /** A value for a program to write into, contents undefined; undefined where ONNX Runtime allocates outputs itself. */
  readonly reserve: ((shape: Shape, dtype: DType) => Value) | undefined;
  /** A value over an output that ONNX Runtime allocated. */
  adopt(handle: bigint, shape: Shape, dtype: DType): Value;
  /** Bytes that a value takes here. */
  storedBytes(type: { readonly shape: Shape; readonly dtype: DType }): number;
  /** Called after each run has been handed over. */
  onRun(): void;
  /** Waits for work that is still queued on the device. */
  drain(): void;
}
