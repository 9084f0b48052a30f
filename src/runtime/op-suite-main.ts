// Runs the op suite on one device of ONNX Runtime and prints a JSON line per case: `node --import ./bin/typescript-loader.js src/runtime/op-suite-main.ts webgpu`.

import { runOpSuite } from "./op-suite.ts";
import { createOrtBackend } from "./ort/index.ts";
import { createReferenceBackend } from "./reference/index.ts";

const device = process.argv[2] === "webgpu" ? "webgpu" : "cpu";
const reference = createReferenceBackend();
const backend = await createOrtBackend({ device });
for (const result of await runOpSuite(backend, reference)) process.stdout.write(`${JSON.stringify(result)}\n`);
backend.dispose();
