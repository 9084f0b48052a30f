// Values on the WebGPU device: uploaded when made, written or mapped, downloaded when read. Contents stay on the device between runs.
// Whatever cannot wait for its turn (making and freeing values) slips in between turns. The device holds 16-bit floats as float32.

import { inputDType } from "../../tensor/onnx/index.ts";
import type { DType, Shape } from "../../tensor/tensor.ts";
import type { TypedArray, Value } from "../backend.ts";
import { checkArray, checkMapped, elementCount, elementTypes } from "../element-type.ts";
import { type Address, viewMemory } from "../ffi.ts";
import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } from "../half-floats.ts";
import { holdMapping } from "../mapped-file.ts";
import { checkContents, wrapAddress, wrapArray } from "./cpu-memory.ts";
import type { Environment } from "./environment.ts";
import type { DeviceMemory } from "./memory.ts";
import { webgpuQueue } from "./queue.ts";
import { type Cell, cellOf, createValue, unuse, use } from "./value.ts";
import type { WebgpuDevice } from "./webgpu-device.ts";

const storedAs = (dtype: DType): DType => inputDType(dtype, "webgpu");

const halfFloats = {
  bfloat16: { widen: bf16ToF32, narrow: f32ToBf16 },
  float16: { widen: f16ToF32, narrow: f32ToF16 },
} as const;

const isHalf = (dtype: DType): dtype is keyof typeof halfFloats => Object.hasOwn(halfFloats, dtype);

export function createWebgpuMemory(environment: Environment, device: WebgpuDevice): DeviceMemory {
  const { api } = environment;

  const free = (cell: Cell) => {
    webgpuQueue.soon(() => {
      if (cell.handle !== 0n) api.call("releaseValue", cell.handle);
      cell.handle = 0n;
    });
  };

  /**
   * A value whose memory is taken, and filled by `fill`, at the next chance; a failure surfaces at its first use. `settled` is called once, when
   * it is filled or has failed.
   */
  function make(shape: Shape, dtype: DType, fill?: (target: Address) => void, settled?: () => void): Value {
    const value = createValue(shape, dtype, { device: "webgpu", handle: 0n, free });
    const cell = cellOf(value, "webgpu", "a new value");
    webgpuQueue.soon(() => {
      try {
        cell.handle = device.allocate(shape, storedAs(dtype));
        fill?.(cell.handle);
      } catch (error) {
        cell.failure = error;
      } finally {
        settled?.();
      }
    });
    if (cell.failure !== undefined) throw cell.failure;
    return value;
  }

  /** Copies main memory, seen through a short-lived OrtValue, to the device. */
  function upload(source: Address, target: Address): void {
    try {
      device.copy(source, target);
      device.busy();
    } finally {
      api.call("releaseValue", source);
    }
  }

  function uploadArray(data: TypedArray, shape: Shape, dtype: DType, target: Address): void {
    const wide = isHalf(dtype) ? halfFloats[dtype].widen(data as Uint16Array) : data;
    upload(wrapArray(environment, wide, shape, storedAs(dtype)), target);
  }

  async function inTurn<T>(value: Value, role: string, work: (cell: Cell) => Promise<T> | T): Promise<T> {
    const cell = cellOf(value, "webgpu", role);
    use(cell);
    try {
      await webgpuQueue.enter();
      try {
        if (cell.failure !== undefined) throw cell.failure;
        return await work(cell);
      } finally {
        webgpuQueue.leave();
      }
    } finally {
      unuse(cell);
    }
  }

  async function download(value: Value, cell: Cell): Promise<TypedArray> {
    const stored = storedAs(value.dtype);
    const data: TypedArray = new elementTypes[stored].array(elementCount(value.shape));
    const target = wrapArray(environment, data, value.shape, stored);
    try {
      await device.copyAsync(cell.handle, target);
    } finally {
      api.call("releaseValue", target);
    }
    return isHalf(value.dtype) ? halfFloats[value.dtype].narrow(data as Float32Array) : data;
  }

  const memory: DeviceMemory = {
    device: "webgpu",
    queue: webgpuQueue,
    value(data, shape, dtype) {
      const chosen = checkArray(data, shape, dtype);
      // The contents are those of now, also when the upload has to wait.
      const contents = webgpuQueue.idle ? data : data.slice();
      return make(shape, chosen, (target) => uploadArray(contents, shape, chosen, target));
    },
    mapped(source, shape, dtype) {
      checkMapped(source, shape, dtype);
      const release = holdMapping(source.owner);
      const fill = (target: Address) => {
        if (isHalf(dtype)) {
          uploadArray(new Uint16Array(viewMemory(source.address, source.byteLength)), shape, dtype, target);
        } else upload(wrapAddress(environment, source.address, shape, dtype), target);
      };
      return make(shape, dtype, fill, release);
    },
    allocate(shape, dtype = "float32") {
      // Memory that comes back from the device's pool keeps its old contents.
      return memory.value(new elementTypes[dtype].array(elementCount(shape)), shape, dtype);
    },
    reserve: (shape, dtype) => make(shape, dtype),
    adopt: (handle, shape, dtype) => createValue(shape, dtype, { device: "webgpu", handle, free }),
    storedBytes: ({ shape, dtype }) => elementCount(shape) * elementTypes[storedAs(dtype)].bytes,
    read: (value) => inTurn(value, "the value to read", (cell) => download(value, cell)),
    async write(value, data) {
      checkContents(value, data);
      const contents = webgpuQueue.idle ? data : data.slice();
      await inTurn(value, "the value to write", (cell) => uploadArray(contents, value.shape, value.dtype, cell.handle));
    },
    onRun: () => device.busy(),
    drain: () => webgpuQueue.soon(() => device.drain()),
  };
  return memory;
}
