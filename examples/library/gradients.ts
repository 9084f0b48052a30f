// The tensor layer by itself: trace a computation, ask for its gradient, run both on either backend.

import { createOrtBackend, createReferenceBackend } from "lethe/runtime";
import { gradients, graph, input, linear, logSumExp, mean, pick, sub } from "lethe/tensor";

/** Mean cross-entropy of a linear classifier and its gradient towards the weights, from ONNX Runtime and from the float64 reference. */
export async function classifierGradient() {
  const x = input("x", [2, 3]);
  const w = input("w", [4, 3]); // [classes, features], as Hugging Face stores it
  const labels = input("labels", [2], "int32");
  const logits = linear(x, w);
  const loss = mean(sub(logSumExp(logits), pick(logits, labels)));
  const [dw] = gradients(loss, [w]);
  if (!dw) throw new Error("one gradient was asked for");
  const traced = graph({ loss, dw });

  const results = [];
  using fast = await createOrtBackend({ device: "cpu" });
  using exact = createReferenceBackend();
  for (const backend of [fast, exact]) {
    using program = await backend.compile(traced);
    const outputs = await program.run({
      x: backend.value(Float32Array.of(1, 2, 3, -1, 0, 1), [2, 3]),
      w: backend.value(Float32Array.of(0.1, 0.2, 0.3, -0.1, 0, 0.1, 0.5, -0.5, 0, 0, 0, 0), [4, 3]),
      labels: backend.value(Int32Array.of(2, 0), [2], "int32"),
    });
    const read = async (name: "loss" | "dw") => {
      const value = outputs[name];
      return value ? Array.from((await backend.read(value)) as Float32Array) : [];
    };
    results.push({ backend: backend.name, loss: await read("loss"), dw: await read("dw") });
  }
  return results;
}
