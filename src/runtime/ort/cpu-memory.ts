// Values in main memory: over a typed array or a mapped file without copy, or allocated by ONNX Runtime as a program's output.

import { RuntimeFailure } from "../../core/errors.ts";
import type { DType, Shape } from "../../tensor/tensor.ts";
import type { TypedArray, Value } from "../backend.ts";
import { byteLengthOf, checkArray, checkMapped, elementCount, elementTypes } from "../element-type.ts";
import { type Address, addressOf, longestView, viewMemory } from "../ffi.ts";
import { holdMapping } from "../mapped-file.ts";
import type { Environment } from "./environment.ts";
import type { DeviceMemory } from "./memory.ts";
import { cpuQueue } from "./queue.ts";
import { type Cell, cellOf, createValue, unuse, use } from "./value.ts";

/** Empty tensors need an address too. */
const nowhere = new Uint8Array(new ArrayBuffer(64));

/** The OrtValue over an address. ONNX Runtime neither copies nor frees what is there. */
export function wrapAddress(environment: Environment, address: Address, shape: Shape, dtype: DType): Address {
  const sizes = BigInt64Array.from(shape, BigInt);
  const bytes = byteLengthOf(shape, dtype);
  const place = bytes === 0 ? addressOf(nowhere) : address;
  const { api, cpuMemory } = environment;
  return api.make("createTensorWithData", cpuMemory, place, bytes, sizes, shape.length, elementTypes[dtype].onnx);
}

/** The OrtValue over an array, which must be kept alive as long as it. */
export function wrapArray(environment: Environment, data: TypedArray, shape: Shape, dtype: DType): Address {
  // Short arrays live inside JavaScript's moving heap until somebody asks for their buffer.
  void data.buffer;
  return wrapAddress(environment, addressOf(data), shape, dtype);
}

/** Throws ShapeError when an array cannot become a value's contents. */
export function checkContents(value: Value, data: TypedArray): void {
  checkArray(data, value.shape, value.dtype);
}

export function createCpuMemory(environment: Environment): DeviceMemory {
  const { api } = environment;
  const freeHandle = (cell: Cell) => {
    api.call("releaseValue", cell.handle);
    cell.handle = 0n;
  };
  // A view keeps its value, or the net under forgotten values would pull the memory away from it.
  const views = new WeakMap<Cell, WeakRef<TypedArray>>();
  const viewedBy = new WeakMap<ArrayBufferLike, Value>();

  function contents(value: Value, cell: Cell): TypedArray {
    if (cell.data) return cell.data;
    const known = views.get(cell)?.deref();
    if (known) return known;
    if (value.byteLength > longestView) {
      throw new RuntimeFailure(`a value of ${value.byteLength} bytes cannot be read in one piece: the limit is 4 GiB`);
    }
    const buffer = viewMemory(api.make("getTensorData", cell.handle), value.byteLength);
    const view = new elementTypes[value.dtype].array(buffer);
    views.set(cell, new WeakRef(view));
    viewedBy.set(view.buffer, value);
    return view;
  }

  const memory: DeviceMemory = {
    device: "cpu",
    queue: cpuQueue,
    reserve: undefined,
    value(data, shape, dtype) {
      const chosen = checkArray(data, shape, dtype);
      const handle = wrapArray(environment, data, shape, chosen);
      return createValue(shape, chosen, { device: "cpu", handle, free: freeHandle, data });
    },
    mapped(source, shape, dtype) {
      checkMapped(source, shape, dtype);
      const release = holdMapping(source.owner);
      const free = (cell: Cell) => {
        freeHandle(cell);
        release();
      };
      try {
        const handle = wrapAddress(environment, source.address, shape, dtype);
        return createValue(shape, dtype, { device: "cpu", handle, free, readOnly: true, owner: source.owner });
      } catch (error) {
        release();
        throw error;
      }
    },
    allocate(shape, dtype = "float32") {
      return memory.value(new elementTypes[dtype].array(elementCount(shape)), shape, dtype);
    },
    adopt: (handle, shape, dtype) => createValue(shape, dtype, { device: "cpu", handle, free: freeHandle }),
    storedBytes: ({ shape, dtype }) => byteLengthOf(shape, dtype),
    async read(value) {
      return contents(value, cellOf(value, "cpu", "the value to read"));
    },
    async write(value, data) {
      const cell = cellOf(value, "cpu", "the value to write");
      if (cell.readOnly) throw new RuntimeFailure("a mapped file is read-only: it cannot be written");
      checkContents(value, data);
      const wait = cell.users > 0;
      use(cell);
      try {
        // A run under way must not see the contents change.
        if (wait) await cpuQueue.enter();
        contents(value, cell).set(data as never);
      } finally {
        if (wait) cpuQueue.leave();
        unuse(cell);
      }
    },
    onRun() {},
    drain() {},
  };
  return memory;
}
