// A real checkpoint opens as it is, and a copy of it holds the same numbers.

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { copyOf, openModelFolder, requireFinite, writeModelFolder } from "../../src/weights/index.ts";

const source = fileURLToPath(new URL("../../../shared/models/TinyStories-656K", import.meta.url));
const missing = existsSync(source) ? "" : " (skipped: the folder ../shared with real models is not there)";

test.skipIf(missing !== "")(`TinyStories-656K opens, is finite, and its copy is equal${missing}`, async () => {
  const root = mkdtempSync(join(tmpdir(), "lethe-real-"));
  try {
    using model = openModelFolder(source);
    expect(model.config.model_type).toBe("llama");
    expect(model.tensors.get("lm_head.weight")).toMatchObject({ dtype: "F32", shape: [2048, 128] });
    for (const tensor of model.tensors.values()) requireFinite(tensor);

    const target = join(root, "copy");
    const tensors = [...model.tensors.values()].map((tensor) => copyOf(tensor));
    await writeModelFolder(
      target,
      { config: model.config, tensors, copyFilesFrom: source },
      { maxShardBytes: 1_000_000 },
    );
    using copy = openModelFolder(target);
    expect(copy.tensors.size).toBe(model.tensors.size);
    for (const [name, tensor] of model.tensors) {
      expect(Buffer.compare(copy.tensors.get(name)?.bytes() ?? Buffer.alloc(0), tensor.bytes()), name).toBe(0);
    }
    expect(copy.config).toEqual(model.config);
    for (const name of ["tokenizer.json", "generation_config.json"]) {
      expect(readFileSync(join(target, name))).toEqual(readFileSync(join(source, name)));
    }
  } finally {
    rmSync(root, { recursive: true });
  }
});
