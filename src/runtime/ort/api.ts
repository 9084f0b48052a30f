// ONNX Runtime's C function table as typed functions: positions, prototypes, and statuses turned into errors.
// Calls only; ownership and order of release are the callers' business. API 30 (ONNX Runtime 1.30).

import { RuntimeFailure } from "../../core/errors.ts";
import { type Address, asyncOf, functionAt, openLibrary, pointerAt } from "../ffi.ts";

const apiVersion = 30;

/** Anything that is passed by address: pointers out and in, shapes, names. Shapes must be BigInt64Array. */
type Memory = ArrayBufferView | Address | null;
type Status = Address | null;

/** Name → position in the table and anonymous prototype. `void*` results are statuses unless the caller says otherwise. */
const slots = {
  getErrorCode: [1, "int (void*)"],
  getErrorMessage: [2, "const char* (void*)"],
  releaseStatus: [93, "void (void*)"],
  createEnvWithGlobalThreadPools: [119, "void* (int, const char*, void*, void*)"],
  createThreadingOptions: [121, "void* (void*)"],
  releaseThreadingOptions: [122, "void (void*)"],
  setGlobalIntraOpThreads: [147, "void* (void*, int)"],
  setGlobalSpinControl: [149, "void* (void*, int)"],
  createSessionOptions: [10, "void* (void*)"],
  releaseSessionOptions: [100, "void (void*)"],
  setIntraOpThreads: [24, "void* (void*, int)"],
  disableMemPattern: [17, "void* (void*)"],
  disablePerSessionThreads: [120, "void* (void*)"],
  addSessionConfigEntry: [130, "void* (void*, const char*, const char*)"],
  setSessionLogSeverity: [22, "void* (void*, int)"],
  appendExecutionProvider: [216, "void* (void*, const char*, const char**, const char**, size_t)"],
  createSessionFromArray: [8, "void* (void*, void*, size_t, void*, void*)"],
  releaseSession: [95, "void (void*)"],
  run: [9, "void* (void*, void*, void*, void*, size_t, void*, size_t, void*)"],
  createRunOptions: [39, "void* (void*)"],
  releaseRunOptions: [97, "void (void*)"],
  terminateRun: [46, "void* (void*)"],
  createTensorWithData: [49, "void* (void*, void*, size_t, void*, size_t, int, void*)"],
  createTensor: [48, "void* (void*, void*, size_t, int, void*)"],
  getTensorData: [51, "void* (void*, void*)"],
  getTensorType: [414, "void* (void*, void*, void*, void*)"],
  getTensorBytes: [318, "void* (void*, void*)"],
  releaseValue: [96, "void (void*)"],
  createCpuMemoryInfo: [69, "void* (int, int, void*)"],
  createMemoryInfo: [68, "void* (const char*, int, int, int, void*)"],
  createAllocator: [131, "void* (void*, void*, void*)"],
  createArenaConfig: [164, "void* (const char**, void*, size_t, void*)"],
  releaseArenaConfig: [157, "void (void*)"],
  createAndRegisterAllocator: [144, "void* (void*, void*, void*)"],
  copyTensors: [386, "void* (void*, void*, void*, void*, size_t)"],
} as const satisfies Record<string, readonly [number, string]>;

type Slot = keyof typeof slots;
type Argument = Memory | number | string | readonly string[];
type Raw = (...args: Argument[]) => unknown;

/** Arguments of a native Run, all kept alive by the caller until it has returned. */
export type RunArguments = [
  session: Address,
  options: Address | null,
  inputNames: BigUint64Array,
  inputs: BigUint64Array,
  inputCount: number,
  outputNames: BigUint64Array,
  outputCount: number,
  outputs: BigUint64Array,
];

export interface OrtApi {
  readonly version: string;
  /** Calls a function that returns a status; throws RuntimeFailure with ONNX Runtime's message. */
  check(slot: Slot, ...args: Argument[]): void;
  /** The same for a function whose last parameter receives a handle, which is returned. */
  make(slot: Slot, ...args: Argument[]): Address;
  /** Calls a function that cannot fail. */
  call(slot: Slot, ...args: Argument[]): void;
  /** Like `make`, on another thread. */
  makeAsync(slot: Slot, ...args: Argument[]): Promise<Address>;
  checkAsync(slot: Slot, ...args: Argument[]): Promise<void>;
  run(...args: RunArguments): void;
  runAsync(...args: RunArguments): Promise<void>;
}

/** Loads the library and its function table. Throws RuntimeFailure when it is no ONNX Runtime or one older than 1.30. */
export function loadApi(file: string): OrtApi {
  const { table, version } = openTable(file);
  const bound = new Map<Slot, Raw>();
  const raw = (slot: Slot): Raw => {
    let found = bound.get(slot);
    if (found === undefined) {
      const [index, prototype] = slots[slot];
      found = functionAt<Raw>(pointerAt(table, index), prototype);
      bound.set(slot, found);
    }
    return found;
  };
  const settle = (status: unknown): void => {
    if (status === null) return;
    const code = raw("getErrorCode")(status as Address);
    const message = raw("getErrorMessage")(status as Address);
    raw("releaseStatus")(status as Address);
    throw new RuntimeFailure(`ONNX Runtime: ${message} (code ${code})`);
  };
  const out = new BigUint64Array(new ArrayBuffer(8));
  const run = raw("run") as unknown as (...args: RunArguments) => Status;
  const runLater = asyncOf(run);
  return {
    version,
    check: (slot, ...args) => settle(raw(slot)(...args)),
    make(slot, ...args) {
      out[0] = 0n;
      settle(raw(slot)(...args, out));
      return out[0] ?? 0n;
    },
    call: (slot, ...args) => void raw(slot)(...args),
    async makeAsync(slot, ...args) {
      const own = new BigUint64Array(new ArrayBuffer(8));
      settle(await asyncOf(raw(slot))(...args, own));
      return own[0] ?? 0n;
    },
    async checkAsync(slot, ...args) {
      settle(await asyncOf(raw(slot))(...args));
    },
    run: (...args) => settle(run(...args)),
    runAsync: (...args) => runLater(...args).then(settle),
  };
}

function openTable(file: string): { table: Address; version: string } {
  const hint = "LETHE_ORT_LIBRARY must name the shared library of ONNX Runtime 1.30 or newer for this machine.";
  let base: Address;
  try {
    base = openLibrary(file).call<() => Address>("void* OrtGetApiBase()")();
  } catch (cause) {
    throw new RuntimeFailure(`${file} is not ONNX Runtime: ${(cause as Error).message}`, {
      cause,
      hint,
      place: { file },
    });
  }
  const getApi = functionAt<(version: number) => Address | null>(pointerAt(base, 0), "void* (uint32_t)");
  const version = functionAt<() => string>(pointerAt(base, 1), "const char* ()")();
  const table = getApi(apiVersion);
  if (table === null) {
    throw new RuntimeFailure(`${file} is ONNX Runtime ${version}, which lacks API ${apiVersion}`, {
      hint,
      place: { file },
    });
  }
  return { table, version };
}
