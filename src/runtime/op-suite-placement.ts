// Lists, one per line, the cases of the op suite of which ONNX Runtime would run a node on the CPU although they are encoded for WebGPU. Uses
// the JavaScript binding, which can refuse such sessions: `node --import ./bin/typescript-loader.js src/runtime/op-suite-placement.ts`.

import ort from "onnxruntime-node";
import { encodeOnnx } from "../tensor/onnx/index.ts";
import { prepareCase } from "./op-suite.ts";
import { opCases } from "./op-suite-cases.ts";

for (const opCase of opCases) {
  const onnx = encodeOnnx(prepareCase(opCase).graph, { target: "webgpu" });
  try {
    await ort.InferenceSession.create(onnx, {
      executionProviders: ["webgpu"],
      logSeverityLevel: 4,
      extra: { session: { disable_cpu_ep_fallback: "1" } },
    });
  } catch (error) {
    process.stdout.write(`${opCase.name}: ${String(error)}\n`);
  }
}
// Not every queued GPU task ends with its session.
process.exit(0);
