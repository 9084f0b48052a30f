import { expect, test } from "vitest";
import type { StoredRegion } from "../../unlearning/localisation/region.ts";
import { markupText } from "../markup.ts";
import { regionMap } from "./region-map.ts";

const tensor = (name: string, cosine: number | null, selected: number) => ({
  name,
  shape: [2, 3],
  scores: { cosine, share: selected / 6 },
  selected,
});
const region: StoredRegion = {
  format: 1,
  scope: "memflex",
  model: "0".repeat(64),
  rule: "2 of 4 <tensors>",
  scores: [
    { name: "cosine", title: "cosine", chosen: "below", threshold: 0.5 },
    { name: "share", title: "share", chosen: "above", threshold: null },
  ],
  tensors: [
    tensor("model.embed_tokens.weight", null, 0),
    tensor("model.layers.0.self_attn.q_proj.lora_B.weight", 0.9, 3),
    tensor("model.layers.1.self_attn.q_proj.lora_B.weight", 0.1, 6),
    tensor("model.layers.10.mlp.experts.2.w1.weight", 0.4, 6),
  ],
  mask: null,
};
const page = markupText(regionMap(region));
const cells = [...page.matchAll(/<svg class="cell"[^>]*role="img" aria-label="([^"]*)"[\s\S]*?<\/svg>/g)];
const cellOf = (name: string) => cells.find(([, label]) => label?.includes(name))?.[0] ?? "";

test("every tensor has one cell, by layer and module or outside of all, and says its numbers", () => {
  expect(cells).toHaveLength(4);
  expect([...page.matchAll(/<th scope="row">(\d+)</g)].map(([, layer]) => layer)).toEqual(["0", "1", "10"]);
  expect([...page.matchAll(/<th scope="col"><span>([^<]*)</g)].map(([, name]) => name)).toEqual(["q_proj B", "w1 2"]);
  expect(cellOf("layers.0.")).toContain("cosine 0.9, share 0.5, 3 of 6");
  expect(cellOf("embed_tokens")).toContain("cosine none, share 0, stays");
  expect(page).toContain("2 of 4 &#60;tensors&#62;");
});

test("colours are strongest on the side that is chosen, a share is shown as it is, and only what moves as a whole is framed", () => {
  const strengths = (name: string) => [...cellOf(name).matchAll(/fill-opacity="([\d.]+)"/g)].map(([, x]) => Number(x));
  expect(strengths("layers.1.")).toEqual([1, 1]);
  expect(strengths("layers.0.")).toEqual([0.06, 0.53]);
  expect(strengths("embed_tokens")[0]).toBe(0);
  expect(cells.filter(([cell]) => cell.includes('class="chosen"'))).toHaveLength(2);
});

test("where tensors were chosen anew, the frame and the words tell in how many steps each moved", () => {
  const [, q0, q1, w1] = region.tensors.map(({ name }) => name) as [string, string, string, string];
  const steps = [{}, { moving: [q1] }, {}, { moving: [] }];
  const anew = markupText(regionMap(region, steps));
  const cell = (name: string) => anew.split("<svg").find((each) => each.includes(`aria-label="${name}`)) ?? "";
  expect(anew).toContain("chosen anew 2 times");
  expect(cell(q1)).toMatch(/3 of 4 steps[\s\S]*class="chosen" stroke-opacity="0.75"/);
  expect(cell(w1)).toMatch(/1 of 4 steps[\s\S]*class="chosen" stroke-opacity="0.25"/);
  expect(cell(q0)).toMatch(/1 of 4 steps[\s\S]*class="chosen" stroke-opacity="0.25"/);
  expect(cell("model.embed_tokens.weight")).toContain("0 of 4 steps");
  expect(cell("model.embed_tokens.weight")).not.toContain('class="chosen"');
});
