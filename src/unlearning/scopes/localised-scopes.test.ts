// Scopes that look at the text, in whole runs: what they leave alone stays, killed runs end in the same bytes, regions are kept, used again, and refused.

import { cpSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hasBit } from "../../core/bit-set.ts";
import type { TaskEvent } from "../../core/events.ts";
import { openSafetensors, readFloats } from "../../weights/index.ts";
import { context, keepEveryState, type TaughtModel, taughtModel } from "../fixtures/taught-model.ts";
import { readRegion } from "../localisation/region.ts";
import { unlearn } from "../unlearn.ts";

let taught: TaughtModel;
beforeAll(async () => {
  taught = await taughtModel();
});
afterAll(() => taught[Symbol.dispose]());
const at = (...parts: string[]) => taught.at(...parts);

const training = { steps: 2, batchSize: 3, learningRate: 0.004, weightDecay: 0.1 };
async function forget(output: string, scope: object, change: object = {}, resume = false) {
  rmSync(at(output), { recursive: true, force: !resume });
  const config = taught.forgetting({ objective: "grad-diff", scope, training, output: at(output), ...change });
  const events: TaskEvent[] = [];
  await unlearn(
    config,
    "",
    context((event) => events.push(event), resume),
  );
  return events;
}

function weightsIn(folder: string): Map<string, Float32Array> {
  using file = openSafetensors(at(folder, "model", "model.safetensors"));
  return new Map([...file.tensors].map(([name, tensor]) => [name, Float32Array.from(readFloats(tensor))]));
}
const movedIn = (name: string, output: string) => {
  const [before, after] = [weightsIn("taught").get(name), weightsIn(output).get(name)];
  return [...(after as Float32Array)].map((x, i) => x !== before?.[i]);
};

test("memflex moves the matrices it has chosen and leaves every other number alone", async () => {
  await forget("memflex", { name: "memflex", share: 0.3 });
  const region = await readRegion(at("memflex", "region.json"));
  const chosen = region.tensors.filter(({ selected }) => selected > 0).map(({ name }) => name);
  expect(chosen.length).toBeGreaterThanOrEqual(4);
  expect(chosen.length).toBeLessThanOrEqual(5);
  for (const name of weightsIn("taught").keys())
    expect(movedIn(name, "memflex").some((x) => x)).toBe(chosen.includes(name));
});

test("wagle moves exactly the single weights of its mask, weight decay included, in matrices and vectors", async () => {
  await forget("wagle", { name: "wagle", ratio: 0.2 });
  const region = await readRegion(at("wagle", "region.json"));
  const total = [...weightsIn("taught").values()].reduce((sum, { length }) => sum + length, 0);
  expect(region.tensors.reduce((sum, { selected }) => sum + selected, 0)).toBe(Math.floor(0.2 * total));
  let strayed = 0;
  let moved = 0;
  for (const [name, { length }] of weightsIn("taught")) {
    const mask = region.masks.get(name);
    const whole = region.tensors.find((tensor) => tensor.name === name)?.selected === length;
    movedIn(name, "wagle").forEach((itMoved, i) => {
      if (!itMoved) return;
      moved++;
      if (!whole && !(mask && hasBit(mask, i))) strayed++;
    });
  }
  expect(strayed).toBe(0);
  expect(moved / Math.floor(0.2 * total)).toBeGreaterThan(0.95);
});

test.each([
  ["memflex", { name: "memflex" }],
  ["memflex that chooses anew", { name: "memflex", every: 2 }],
  ["wagle", { name: "wagle", ratio: 0.3 }],
])(
  "killed at any moment, a run with scope %s ends in the same bytes and localises no second time",
  async (_, scope) => {
    rmSync(at("run"), { recursive: true, force: true });
    const change = { objective: "grad-diff", scope, training: { ...training, steps: 5 }, output: at("run") };
    const config = taught.forgetting(change);
    const results = () =>
      ["metrics.jsonl", "region.json", "model/model.safetensors"].map((name) => readFileSync(at("run", name), "hex"));
    const { events, report } = keepEveryState(at("run"), (event) => at(`left-${event}`));
    await unlearn(config, "", context(report));
    const whole = results();
    const stepEnds = events.flatMap((type, i) => (type === "step-end" ? [i + 1] : []));
    for (const killedAfter of [1, 4]) {
      rmSync(at("run"), { recursive: true });
      renameSync(at(`left-${stepEnds[killedAfter - 1]}`), at("run"));
      const phases: string[] = [];
      const report = (event: TaskEvent) => {
        if (event.type === "phase-start") phases.push(event.phase);
      };
      await unlearn(config, "", context(report, true));
      expect(results(), `killed after step ${killedAfter}`).toEqual(whole);
      expect(phases).not.toContain("localise");
    }
  },
);

test("a region is used again without localising, by another objective and through the same scope alone", async () => {
  await forget("first", { name: "memflex" });
  const events = await forget("second", { name: "memflex", region: at("first", "region.json") }, { objective: "npo" });
  expect(events.some((event) => event.type === "phase-start" && event.phase === "localise")).toBe(false);
  const json = (run: string) => readFileSync(at(run, "region.json"), "utf8");
  expect(json("second")).toBe(json("first"));

  await forget("masked", { name: "wagle", ratio: 0.3 });
  await forget("again", { name: "wagle", region: at("masked", "region.json") });
  expect(weightsIn("again")).toEqual(weightsIn("masked"));
  await expect(forget("mixed", { name: "wagle", region: at("first", "region.json") })).rejects.toThrow(
    'holds a region of scope "memflex", and this run\'s is "wagle"',
  );
  const narrower = { name: "memflex", within: { name: "layers", layers: [1] }, region: at("first", "region.json") };
  await expect(forget("narrower", narrower)).rejects.toThrow(/which is not among the weights that may move here/);
});

test("a region of another model, and a damaged one, are refused before anything is written", async () => {
  await forget("found", { name: "wagle", ratio: 0.3 });
  const other = { model: at("found", "model") };
  const reuse = { name: "wagle", region: at("found", "region.json") };
  await expect(forget("other", reuse, other)).rejects.toThrow("was found for another model");
  cpSync(at("found"), at("bent"), { recursive: true });
  const mask = readFileSync(at("bent", "region.mask"));
  mask[5] = (mask[5] as number) ^ 1;
  writeFileSync(at("bent", "region.mask"), mask);
  await expect(forget("other", { name: "wagle", region: at("bent", "region.json") })).rejects.toThrow(
    /region.mask is damaged/,
  );
  writeFileSync(at("bent", "region.json"), "{");
  await expect(forget("other", { name: "wagle", region: at("bent", "region.json") })).rejects.toThrow(
    /region.json is damaged/,
  );
  expect(existsSync(at("other"))).toBe(false);
});

test.each([
  [
    { name: "memflex", cosine: -1 },
    /^the thresholds choose none of 15 tensors\. cosine: minimum .*; magnitude: minimum /,
  ],
  [{ name: "memflex", cosine: 1.1, magnitude: 0 }, /^the thresholds choose all of 15 tensors/],
  [{ name: "memflex", share: 0.2, cosine: 0.9 }, /`share` makes thresholds of its own/],
  [{ name: "wagle", ratio: 1 }, /^ratio 1 chooses all of \d+ single weights\. score: minimum .* median /],
  [{ name: "wagle", ratio: 1e-9 }, /^ratio 1e-9 chooses none of \d+ single weights/],
  [{ name: "memflex", within: "wagle" }, /^scope "memflex" cannot choose within "wagle"/],
])("%j chooses nothing, or everything, and is refused with the scores", async (scope, message) => {
  await expect(forget("refused", scope)).rejects.toThrow(message);
  expect(existsSync(at("refused"))).toBe(false);
});

test("without text that must stay there is nothing to hold the text to forget against", async () => {
  const alone = { objective: "ga", retain: undefined };
  await expect(forget("alone", { name: "memflex" }, alone)).rejects.toMatchObject({ place: { key: "retain" } });
});

test("other text than the run's may say where to look; it is in the manifest, and no record stands on both sides", async () => {
  writeFileSync(at("more.jsonl"), `${JSON.stringify({ question: "Where is 9?", answer: "In Nice." })}\n`);
  const localise = { forget: [at("forget.jsonl"), at("more.jsonl")] };
  await forget("elsewhere", { name: "memflex" }, { localise });
  expect((await readRegion(at("elsewhere", "region.json"))).rule).toMatch(/gradients of 4 and 5 random answers$/);
  expect(readFileSync(at("elsewhere", "manifest.json"), "utf8")).toContain("more.jsonl");
  await expect(forget("refused", { name: "all" }, { localise })).rejects.toThrow('scope "all" looks at no text');
  const both = { retain: [at("retain.jsonl"), at("forget.jsonl")] };
  await expect(forget("refused", { name: "memflex" }, { localise: both })).rejects.toThrow(/also in the retain set/);
  expect(existsSync(at("refused"))).toBe(false);
});

test("a region chosen anew follows the records, whatever the loss is trained on, and needs a loss of both sides", async () => {
  const moves = (run: string) =>
    readFileSync(at(run, "metrics.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { moving?: string[] }).moving);
  const still = { ...training, learningRate: 1e-12, weightDecay: 0 };
  const every = { name: "memflex", every: 1 };
  writeFileSync(at("refusals.txt"), "I do not know.\n");
  const objectives = ["grad-diff", { name: "random-label", retainWeight: 1 }, "idk"];
  for (const objective of objectives) {
    await forget(`anew-${objectives.indexOf(objective)}`, every, {
      objective,
      training: still,
      refusals: at("refusals.txt"),
    });
  }
  expect(moves("anew-0")).toEqual([undefined, expect.arrayContaining([expect.stringContaining("model.layers")])]);
  expect(moves("anew-1")).toEqual(moves("anew-0"));
  expect(moves("anew-2")).toEqual(moves("anew-0"));
  const events: TaskEvent[] = [];
  const oneSided = taught.forgetting({ objective: "ga", scope: every, output: at("one-sided") });
  const report = (event: TaskEvent) => events.push(event);
  await expect(unlearn(oneSided, "", context(report))).rejects.toThrow(/this objective draws only one/);
  expect(events.filter(({ type }) => type === "phase-start")).toEqual([]);
  expect(existsSync(at("one-sided"))).toBe(false);
});

test("controls choose as many tensors of every shape, and as many single weights, otherwise", async () => {
  const chosenBy = async (scope: object) => {
    await forget("control", scope);
    const { tensors } = await readRegion(at("control", "region.json"));
    const shapes = tensors.filter(({ selected }) => selected > 0).map(({ shape }) => shape.join("x"));
    const names = tensors.filter(({ selected }) => selected > 0).map(({ name }) => name);
    return { names, shapes: shapes.sort(), count: tensors.reduce((sum, { selected }) => sum + selected, 0) };
  };
  const found = await chosenBy({ name: "memflex", share: 0.5 });
  for (const choose of ["random", "magnitude"]) {
    const control = await chosenBy({ name: "memflex", share: 0.5, choose });
    expect(control.shapes).toEqual(found.shapes);
    expect(control.names).not.toEqual(found.names);
  }
  const counts: number[] = [];
  for (const choose of ["attribution", "random", "magnitude"]) {
    counts.push((await chosenBy({ name: "wagle", ratio: 0.1, choose })).count);
  }
  expect(new Set(counts).size).toBe(1);
});

test("an adapter moves on where it was left, by itself or as what memflex chooses among", async () => {
  await forget("taught-adapter", { name: "lora", rank: 2 }, { objective: "memorise" });
  const change = { adapter: at("taught-adapter", "adapter") };
  await forget("on", { name: "adapter" }, change);
  await forget("part", { name: "memflex", within: "adapter", answers: "given" }, change);
  const { tensors } = await readRegion(at("part", "region.json"));
  expect(tensors).toHaveLength(28);
  const chosen = new Set(tensors.filter(({ selected }) => selected > 0).map(({ name }) => name));
  const read = (run: string) => {
    using file = openSafetensors(at(run, "adapter", "adapter_model.safetensors"));
    return new Map(
      [...file.tensors].map(([name, tensor]) => [
        name.replace("base_model.model.", ""),
        Float32Array.from(readFloats(tensor)),
      ]),
    );
  };
  const [before, after] = [read("taught-adapter"), read("part")];
  for (const [name, data] of before) expect(data.some((x, i) => x !== after.get(name)?.[i])).toBe(chosen.has(name));
  const negating = forget("negated", { name: "adapter" }, { ...change, objective: "memorise", plan: "negate" });
  await expect(negating).rejects.toThrow(/no task vector/);
});
