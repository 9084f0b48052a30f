// What `lethe serve` does and refuses before it opens a model.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { afterAll, expect, test, vi } from "vitest";
import { main } from "../main.ts";

vi.mock("node:v8", async (original) => ({ ...(await original<object>()), setFlagsFromString: vi.fn() }));

const folder = mkdtempSync(join(tmpdir(), "lethe-serve-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function refusal(...line: string[]): Promise<string> {
  let text = "";
  const write = (more: string) => {
    text += more;
  };
  const terminal = {
    interactive: false,
    color: false,
    width: 200,
    print: write,
    draw: write,
  };
  expect(await main(["serve", ...line], { terminal, debug: false })).toBeGreaterThan(0);
  return text;
}

test("an open address without keys", async () => {
  expect(await refusal("model", "--host", "0.0.0.0")).toContain("without --keys, everybody who reaches 0.0.0.0");
});

test("two models of one name", async () => {
  expect(await refusal("model", "--name", "a", "--adapter", "a=adapter")).toContain('two models are to be called "a"');
});

test("a keys file that opens what is not served, or holds keys in the clear", async () => {
  const keys = join(folder, "keys.yaml");
  writeFileSync(keys, `keys:\n  - name: one\n    sha256: ${"ab".repeat(32)}\n    models: [mdel]\n`);
  const text = await refusal("model", "--keys", keys);
  expect(text).toContain('the key "one" opens the model "mdel", which is not served');
  expect(text).toContain("keys.yaml:4");
  writeFileSync(keys, "keys:\n  - name: one\n    key: sesame\n    models: all\n");
  expect(await refusal("model", "--keys", keys)).toContain('unknown key "key"');
});

test("an adapter without a name, a port that is none, a model that is not there", async () => {
  expect(await refusal("model", "--adapter", "runs/adapter")).toContain("name=folder is needed");
  expect(await refusal("model", "--port", "99999")).toContain("0 to 65535");
  expect(await refusal(join(folder, "nothing"))).toContain("nothing");
});

test("a strength, a chunk or a dialect that would change nothing, and a folder without an offset", async () => {
  expect(await refusal("model", "--alpha", "2")).toContain("--alpha is the strength of an offset, and none is given");
  expect(await refusal("model", "--chunk", "4")).toContain("--chunk is about a model behind an address");
  expect(await refusal("model", "--upstream-dialect", "vllm")).toContain("--upstream-dialect is about a model behind");
  expect(await refusal("model", "--offset", `forgets=${folder}`)).toContain("holds no offset");
  expect(await refusal("model", "--upstream", "http://localhost:1/v1")).toContain(
    "is served steered, and in no other way",
  );
});

test("the heap is told to grow by half before a model is opened, by a flag that this V8 knows: for another the server would start all the same", async () => {
  const flag = "--heap-growing-percent=50";
  await refusal(join(folder, "nothing"));
  expect(setFlagsFromString).toHaveBeenCalledWith(flag);
  expect(spawnSync(process.execPath, [flag, "--eval", ""]).status).toBe(0);
});
