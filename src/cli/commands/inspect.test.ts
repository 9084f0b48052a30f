import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import type { RunManifest } from "../../core/manifest.ts";
import { writeModelFolder } from "../../weights/model-folder-writer.ts";
import { writePeftAdapter } from "../../weights/peft-adapter-writer.ts";
import { parseAdapterConfig } from "../../weights/peft-config.ts";
import type { TensorToWrite } from "../../weights/safetensors-writer.ts";
import { main } from "../main.ts";
import { createTerminal } from "../terminal.ts";

let root: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "lethe-inspect-"));
  await writeModelFolder(join(root, "model"), {
    config: { model_type: "llama", hidden_size: 4, evil: "\u001b[2J" },
    tensors: [
      tensor("model.embed_tokens.weight", [10, 4]),
      ...[0, 1, 2].map((layer) => tensor(`model.layers.${layer}.mlp.up_proj.weight`, [8, 4])),
    ],
  });
  const tokenizer = { model: { type: "BPE", vocab: { a: 0, b: 1 } }, added_tokens: [{ id: 2, content: "<eos>" }] };
  writeFileSync(join(root, "model", "tokenizer.json"), JSON.stringify(tokenizer));
  writeFileSync(
    join(root, "model", "tokenizer_config.json"),
    JSON.stringify({ eos_token: { content: "<eos>" }, chat_template: "{{ messages }}" }),
  );
  const adapter = { peft_type: "LORA", r: 2, lora_alpha: 8, target_modules: ["up_proj"] };
  await writePeftAdapter(join(root, "adapter"), parseAdapterConfig(adapter, "adapter_config.json"), [
    { module: "model.layers.0.mlp.up_proj", a: tensor("a", [2, 4]), b: tensor("b", [8, 2]) },
  ]);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function tensor(name: string, shape: readonly number[]): TensorToWrite {
  const size = shape.reduce((product, length) => product * length, 1);
  return { name, dtype: "BF16", shape, data: new Uint8Array(size * 2) };
}

async function inspect(...line: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = createTerminal({ write: (text) => out.push(text) }, { write: (text) => err.push(text) }, {});
  const exitCode = await main(["inspect", ...line], { terminal, debug: false });
  return { exitCode, out: out.join(""), err: err.join("") };
}

describe("inspect", () => {
  test("a model shows its size, config, tokenizer and one line per kind of layer", async () => {
    const { exitCode, out } = await inspect(join(root, "model"));
    expect(exitCode).toBe(0);
    expect(out).toContain("parameters  136\n");
    expect(out).toContain("BF16 136");
    expect(out).toMatch(/size {8}272 B in 4 tensors, 1 file/);
    expect(out).toMatch(/model_type +llama/);
    expect(out).toMatch(/vocabulary +2 \(1 added tokens\)/);
    expect(out).toMatch(/eos +<eos>/);
    expect(out).toMatch(/chat template +yes/);
    expect(out).toMatch(/model\.layers\.\{0…2\}\.mlp\.up_proj\.weight +BF16 +\[8, 4\] +× 3 +192 B/);
    expect(stripVTControlCharacters(out)).toBe(out);
    expect((await inspect(join(root, "model"), "--tensors")).out).toContain("model.layers.2.mlp.up_proj.weight");
  });

  test("a model as JSON is one object", async () => {
    const { out } = await inspect(join(root, "model"), "--json");
    expect(JSON.parse(out)).toMatchObject({
      kind: "model",
      parameters: 136,
      dtypes: { BF16: 136 },
      config: { model_type: "llama" },
      tokenizer: { type: "BPE", vocabulary: 2, addedTokens: 1, special: { eos: "<eos>" }, chatTemplate: true },
      tensors: [{ shape: [10, 4] }, { shape: [8, 4] }, { shape: [8, 4] }, { shape: [8, 4] }],
    });
  });

  test("an adapter and a weight file", async () => {
    const adapter = JSON.parse((await inspect(join(root, "adapter"), "--json")).out);
    expect(adapter).toMatchObject({
      kind: "adapter",
      parameters: 24,
      modules: [{ module: "model.layers.0.mlp.up_proj", rank: 2, scale: 4 }],
    });
    const weights = await inspect(join(root, "model", "model.safetensors"));
    expect(weights.out).toContain("model.safetensors: weights");
  });

  test("a run shows what it knows about itself", async () => {
    const manifest: RunManifest = {
      format: 1,
      lethe: "0.1.0",
      created: "2026-01-31T09:15:00Z",
      command: ["train", "a.yaml"],
      seeds: { run: 7 },
      data: {},
      weights: { before: "a".repeat(64), after: null },
      hardware: { cpu: "Test CPU", cores: 2, memory: 8e9, device: "cpu" },
      versions: { node: "20.19.0", onnxruntime: "1.30.0" },
      choices: [{ what: "threads", value: "2", why: "two cores" }],
      finished: false,
    };
    const run = mkdtempSync(join(root, "run-"));
    writeFileSync(join(run, "manifest.json"), JSON.stringify(manifest));
    writeFileSync(join(run, "config.yaml"), stringify({ model: "tiny" }));
    const { out, exitCode } = await inspect(run);
    expect(exitCode).toBe(0);
    expect(out).toMatch(/command +train a\.yaml/);
    expect(out).toMatch(/finished +no/);
    expect(out).toMatch(/threads +2 +two cores/);
    expect(out).toContain("model: tiny");
    expect(JSON.parse((await inspect(run, "--json")).out)).toMatchObject({
      kind: "run",
      manifest: { seeds: { run: 7 } },
    });
  });

  test("what cannot be inspected is an error that says why", async () => {
    expect(await inspect(join(root, "nothing"))).toMatchObject({
      exitCode: 1,
      err: expect.stringContaining("nothing to inspect at"),
    });
    const empty = mkdtempSync(join(root, "empty-"));
    expect((await inspect(empty)).err).toContain("is neither a model, an adapter nor a run folder");
    writeFileSync(join(root, "broken.safetensors"), "12345");
    expect((await inspect(join(root, "broken.safetensors"))).exitCode).toBe(1);
  });
});
