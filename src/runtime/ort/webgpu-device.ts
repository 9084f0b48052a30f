// The process's WebGPU device as ONNX Runtime holds it: an allocator for values on it and copies to, from and on it.
// Opened once and kept: values hang on the allocator, and the allocator on the session that made it.

import { RuntimeFailure } from "../../core/errors.ts";
import { graph, input, neg } from "../../tensor/index.ts";
import { encodeOnnx } from "../../tensor/onnx/index.ts";
import type { DType, Shape } from "../../tensor/tensor.ts";
import { elementTypes } from "../element-type.ts";
import type { Address } from "../ffi.ts";
import type { Environment } from "./environment.ts";
import { webgpuQueue } from "./queue.ts";
import { createSession } from "./session.ts";

/** Everything here needs the turn of `webgpuQueue`. */
export interface WebgpuDevice {
  /** An OrtValue on the device, contents undefined. */
  allocate(shape: Shape, dtype: DType): Address;
  /** Copies contents; waits for the device when the target is in main memory. Throws when the sizes differ. */
  copy(from: Address, to: Address): void;
  copyAsync(from: Address, to: Address): Promise<void>;
  /** Says that work was handed to the device. */
  busy(): void;
  /** Waits until the device has done all of it. */
  drain(): void;
}

let opened: Promise<WebgpuDevice> | undefined;

/** Throws RuntimeFailure when this library or this machine has no WebGPU. */
export function openWebgpuDevice(environment: Environment): Promise<WebgpuDevice> {
  opened ??= open(environment).catch((error) => {
    opened = undefined;
    throw error;
  });
  return opened;
}

async function open(environment: Environment): Promise<WebgpuDevice> {
  const { api, cpuMemory } = environment;
  await webgpuQueue.enter();
  try {
    const session = await openSession(environment);
    const place = api.make("createMemoryInfo", "WebGPU_Buf", 0, 0, 0);
    const allocator = api.make("createAllocator", session, place);
    const device = deviceOver(environment, allocator);
    const shape = new BigInt64Array(1).fill(1n);
    const float32 = elementTypes.float32.onnx;
    const sample = api.make("createTensorWithData", cpuMemory, landing, landing.byteLength, shape, 1, float32);
    const probe = device.allocate([1], "float32");
    device.copy(sample, probe);
    let working = false;
    const complete: WebgpuDevice = {
      ...device,
      busy() {
        working = true;
      },
      drain() {
        // A download is the only call that waits for the queue of the device.
        if (working) device.copy(probe, sample);
        working = false;
      },
    };
    // A process that ends while the device works is killed by a signal.
    process.on("exit", () => webgpuQueue.idle && complete.drain());
    return complete;
  } finally {
    webgpuQueue.leave();
  }
}

const landing = new Float32Array(new ArrayBuffer(4));

async function openSession(environment: Environment): Promise<Address> {
  const smallest = graph({ y: neg(input("x", [1], "float32")) });
  try {
    return await createSession(environment, encodeOnnx(smallest, { target: "webgpu" }), {
      device: "webgpu",
      ownThreads: undefined,
    });
  } catch (cause) {
    const message = (cause as Error).message;
    const hint = /adapter/i.test(message)
      ? 'No GPU was found: install its Vulkan driver (Linux), or use device "cpu".'
      : 'Use device "cpu", or a library with WebGPU in LETHE_ORT_LIBRARY.';
    throw new RuntimeFailure(`WebGPU is not available: ${message}`, { cause, hint });
  }
}

function deviceOver(
  { api, handle }: Environment,
  allocator: Address,
): Pick<WebgpuDevice, "allocate" | "copy" | "copyAsync"> {
  const bytes = new BigUint64Array(new ArrayBuffer(8));
  const sizeOf = (value: Address) => {
    api.check("getTensorBytes", value, bytes);
    return bytes[0] as bigint;
  };
  // ONNX Runtime does not compare sizes: a larger source would be written over whatever follows.
  const checkSizes = (from: Address, to: Address) => {
    const [have, want] = [sizeOf(from), sizeOf(to)];
    if (have !== want) throw new RuntimeFailure(`a copy of ${have} bytes into a value of ${want} bytes`);
  };
  const pointerTo = (value: Address) => {
    const pointer = new BigUint64Array(new ArrayBuffer(8));
    pointer[0] = value;
    return pointer;
  };
  return {
    allocate(shape, dtype) {
      const sizes = BigInt64Array.from(shape, BigInt);
      return api.make("createTensor", allocator, sizes, shape.length, elementTypes[dtype].onnx);
    },
    copy(from, to) {
      checkSizes(from, to);
      api.check("copyTensors", handle, pointerTo(from), pointerTo(to), null, 1);
    },
    async copyAsync(from, to) {
      checkSizes(from, to);
      const [source, target] = [pointerTo(from), pointerTo(to)];
      await api.checkAsync("copyTensors", handle, source, target, null, 1);
      // Referenced until here, because the call reads them.
      source[0] = 0n;
      target[0] = 0n;
    },
  };
}
