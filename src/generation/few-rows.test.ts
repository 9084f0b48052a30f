import { afterAll, expect, test } from "vitest";
import { createRandom } from "../core/random.ts";
import type { Value } from "../runtime/backend.ts";
import { createOrtBackend } from "../runtime/ort/index.ts";
import { argmax, graph, input, linear } from "../tensor/index.ts";
import { fewRowsLinear, likeliest } from "./few-rows.ts";

const backend = await createOrtBackend();
afterAll(() => backend.dispose());

const numbers = (label: string, n: number) => {
  const random = createRandom(label);
  return Float32Array.from({ length: n }, () => random.normal());
};

test.each([1, 2, 3, 17, 64, 65])("a linear layer over %d rows gives what the plain one gives", async (rows) => {
  const [x, w, bias] = [input("x", [rows, 24]), input("w", [40, 24]), input("bias", [40])];
  const graphs = { plain: linear(x, w, bias), few: fewRowsLinear(x, w, bias), unbiased: fewRowsLinear(x, w) };
  using program = await backend.compile(graph(graphs));
  const inputs = {
    x: backend.value(numbers("x", rows * 24), [rows, 24]),
    w: backend.value(numbers("w", 40 * 24), [40, 24]),
    bias: backend.value(numbers("bias", 40), [40]),
  };
  const outputs = await program.run(inputs);
  const read = async (name: string) => [...((await backend.read(outputs[name] as Value)) as Float32Array)];
  const [plain, few, unbiased] = [await read("plain"), await read("few"), await read("unbiased")];
  plain.forEach((expected, i) => {
    expect(few[i]).toBeCloseTo(expected, 4);
    expect((unbiased[i] as number) + (numbers("bias", 40)[i % 40] as number)).toBeCloseTo(expected, 4);
  });
});

test.each([7, 13, 16, 300, 512, 2048, 2053])(
  "the likeliest of %d is the first largest, also among equals",
  async (n) => {
    const x = input("x", [9, n]);
    using program = await backend.compile(graph({ found: likeliest(x), expected: argmax(x) }));
    const data = numbers(`${n}`, 9 * n).map((value) => Math.round(value));
    data.fill(-3, n, 2 * n);
    data[3 * n - 1] = 50;
    data.fill(Number.NEGATIVE_INFINITY, 3 * n, 4 * n - 1);
    const outputs = await program.run({ x: backend.value(data, [9, n]) });
    const found = [...((await backend.read(outputs.found as Value)) as Int32Array)];
    expect(found).toEqual([...((await backend.read(outputs.expected as Value)) as Int32Array)]);
    found.forEach((id, row) => {
      const values = data.subarray(row * n, (row + 1) * n);
      expect(id).toBe(values.indexOf(Math.max(...values)));
    });
  },
);
