// One compiled program: a session, its signature, and the native arrays of its calls, made once and filled before each run.
// Knows neither graphs nor where values keep their memory.

import { RuntimeFailure } from "../../core/errors.ts";
import type { Program, RunOptions, Value } from "../backend.ts";
import { describeShape } from "../element-type.ts";
import type { Address } from "../ffi.ts";
import { checkInputs, checkOutputs, createSlots, describeSignature, type Signature } from "../signature.ts";
import type { Environment } from "./environment.ts";
import type { DeviceMemory } from "./memory.ts";
import { createNativeNames } from "./native-names.ts";
import { createPace } from "./pace.ts";
import { createSession } from "./session.ts";
import { type Cell, cellOf, unuse, use } from "./value.ts";

export interface ProgramSource extends Signature {
  readonly onnx: Uint8Array;
}

/**
 * Compiles. Throws RuntimeFailure when ONNX Runtime refuses the model. `ownThreads`: see `SessionSettings`.
 * `dispose` waits for the runs under way and leaves their results valid.
 */
export async function createProgram(
  environment: Environment,
  memory: DeviceMemory,
  source: ProgramSource,
  ownThreads: number | undefined,
): Promise<Program> {
  const label = describeSignature(source);
  const settings = { device: memory.device, ownThreads };
  const gpu = memory.device === "webgpu";
  if (gpu) await memory.queue.enter();
  try {
    const session = await createSession(environment, source.onnx, settings);
    return programOver(environment, memory, source, session, label);
  } catch (cause) {
    throw new RuntimeFailure(`${label} does not compile: ${(cause as Error).message}`, { cause });
  } finally {
    if (gpu) memory.queue.leave();
  }
}

function programOver(
  environment: Environment,
  memory: DeviceMemory,
  { inputs: inputTypes, outputs: outputTypes }: Signature,
  session: Address,
  label: string,
): Program {
  const { api } = environment;
  const { queue, device } = memory;
  const inputSlots = createSlots("input", inputTypes, label);
  const outputSlots = createSlots("output", outputTypes, label);
  const outputList = outputSlots.list;
  const inputNames = createNativeNames(inputSlots.names);
  const outputNames = createNativeNames(outputSlots.names);
  const inputCount = inputSlots.list.length;
  const inputHandles = new BigUint64Array(new ArrayBuffer(8 * Math.max(1, inputCount)));
  const outputHandles = new BigUint64Array(new ArrayBuffer(8 * Math.max(1, outputList.length)));
  const pace = createPace();
  const cellHere = (value: Value, role: string) => cellOf(value, device, role);
  let disposed = false;
  let underWay = 0;
  let verified = false;

  function releaseSession(): void {
    queue.soon(() => api.call("releaseSession", session));
  }

  /** The native call, inside a turn. Rejects with the signal's reason when it was that which ended the call. */
  async function call(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    const stays = pace.stays();
    const started = performance.now();
    const options = signal && !stays ? api.make("createRunOptions") : null;
    const stop = () => api.check("terminateRun", options);
    if (options !== null) signal?.addEventListener("abort", stop);
    try {
      const { addresses: ins } = inputNames;
      const { addresses: outs } = outputNames;
      const count = outputList.length;
      if (stays) api.run(session, null, ins, inputHandles, inputCount, outs, count, outputHandles);
      else await api.runAsync(session, options, ins, inputHandles, inputCount, outs, count, outputHandles);
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      throw new RuntimeFailure(`${label} failed: ${(cause as Error).message}`, { cause });
    } finally {
      if (options !== null) {
        signal?.removeEventListener("abort", stop);
        api.call("releaseRunOptions", options);
      }
      pace.took(performance.now() - started, stays);
    }
  }

  /** Outputs that ONNX Runtime allocated become values; `given` has the others. */
  function collect(given: ReadonlyArray<Value | undefined>): Record<string, Value> {
    const results: Record<string, Value> = {};
    outputList.forEach(({ name, shape, dtype }, i) => {
      results[name] = given[i] ?? memory.adopt(outputHandles[i] as bigint, shape, dtype);
    });
    if (!verified) verifySizes(results, given);
    verified = true;
    return results;
  }

  /** Once per program: a model whose outputs are not as declared would be read out of bounds. */
  function verifySizes(results: Record<string, Value>, given: ReadonlyArray<Value | undefined>): void {
    const bytes = new BigUint64Array(new ArrayBuffer(8));
    outputList.forEach(({ role, name }, i) => {
      const value = results[name] as Value;
      api.check("getTensorBytes", outputHandles[i] as bigint, bytes);
      const expected = memory.storedBytes(value);
      if (bytes[0] === BigInt(expected)) return;
      for (const result of Object.values(results)) if (!given.includes(result)) result.dispose();
      throw new RuntimeFailure(
        `${role} is ${value.dtype} ${describeShape(value.shape)} (${expected} bytes), the model gave ${bytes[0]} bytes`,
      );
    });
  }

  async function run(
    inputs: Readonly<Record<string, Value>>,
    options: RunOptions = {},
  ): Promise<Record<string, Value>> {
    if (disposed) throw new RuntimeFailure(`${label} is run after it was disposed`);
    const { signal, outputs = {} } = options;
    signal?.throwIfAborted();
    const inputCells = checkInputs(inputSlots, inputs, cellHere);
    checkOutputs(outputSlots, outputs, cellHere);
    const { given, reserved } = gatherOutputs(outputs);
    const outputCells = given.map((value) => value && cellOf(value, device, "an output"));
    for (const cell of inputCells) use(cell);
    for (const cell of outputCells) if (cell) use(cell);
    underWay++;
    let finished = false;
    try {
      const turn = queue.enter(signal);
      if (turn) await turn;
      try {
        fill(inputHandles, inputCells);
        fill(outputHandles, outputCells);
        await call(signal);
        memory.onRun();
        const results = collect(given);
        finished = true;
        return results;
      } finally {
        queue.leave();
      }
    } finally {
      for (const cell of inputCells) unuse(cell);
      for (const cell of outputCells) if (cell) unuse(cell);
      if (!finished) for (const value of reserved) value.dispose();
      underWay--;
      if (disposed && underWay === 0) releaseSession();
    }
  }

  /** Where outputs go: the caller's values, and on a GPU reserved ones for the rest. */
  function gatherOutputs(outputs: Readonly<Record<string, Value>>) {
    const reserved: Value[] = [];
    const given = outputList.map(({ name, shape, dtype }) => {
      if (outputs[name] || !memory.reserve) return outputs[name];
      const value = memory.reserve(shape, dtype);
      reserved.push(value);
      return value;
    });
    return { given, reserved };
  }

  function dispose(): void {
    if (disposed) return;
    disposed = true;
    if (underWay === 0) releaseSession();
  }

  return { inputs: inputTypes, outputs: outputTypes, run, dispose, [Symbol.dispose]: dispose };
}

/** Inside a turn: by then every cell has its handle, or the reason why not. */
function fill(handles: BigUint64Array, cells: ReadonlyArray<Cell | undefined>): void {
  cells.forEach((cell, i) => {
    if (cell?.failure !== undefined) throw cell.failure;
    handles[i] = cell?.handle ?? 0n;
  });
}
