// The sum M + α·(Mo′ − Mo) as a graph.

import { expect, test } from "vitest";
import { evaluate } from "../runtime/reference/index.ts";
import { gradients, input, logSoftmax, neg, pick, sum } from "../tensor/index.ts";
import { steeredLogits } from "./steering.ts";

test("d loss / d l_Mo′ = α·(P_e − target)", () => {
  const alpha = 0.7;
  const own = input("own", [2, 3]);
  const labels = input("labels", [2], "int32");
  const layout = { alpha, frozen: { "frozenOutput.weight": { shape: [3, 2], dtype: "float32" as const } } };
  const { logits } = steeredLogits(own, layout, 2, (raw) => raw);
  const [gradient] = gradients(sum(neg(pick(logSoftmax(logits), labels))), [own]);
  const z = Float64Array.of(0.3, -1, 2, 0.5, 0, -0.4);
  const m = Float64Array.of(1, 0.2, -0.5, -1, 2, 0.1);
  const w = Float64Array.of(0.5, -0.2, 0.1, 0.9, -1, 0.3);
  const h = Float64Array.of(1, 2, -0.5, 0.4);
  const at = (numbers: Float64Array, i: number) => numbers[i] as number;
  const feeds = { own: z, steeredLogits: m, "frozenOutput.weight": w, frozenHidden: h, labels: Int32Array.of(2, 0) };
  const found = evaluate({ logits, gradient: gradient as typeof own }, feeds as never);
  const targets = [2, 0];
  for (const row of [0, 1]) {
    const before = (id: number) => at(h, 2 * row) * at(w, 2 * id) + at(h, 2 * row + 1) * at(w, 2 * id + 1);
    const e = [0, 1, 2].map((id) => at(m, 3 * row + id) + alpha * (at(z, 3 * row + id) - before(id)));
    const total = e.reduce((all, x) => all + Math.exp(x), 0);
    for (const id of [0, 1, 2]) {
      expect((found.logits as Float64Array)[3 * row + id]).toBeCloseTo(e[id] as number, 10);
      const expected = alpha * (Math.exp(e[id] as number) / total - (id === targets[row] ? 1 : 0));
      expect((found.gradient as Float64Array)[3 * row + id]).toBeCloseTo(expected, 10);
    }
  }
});
