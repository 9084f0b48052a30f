import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FileError, RunError } from "./errors.ts";
import { openJsonLines } from "./json-lines.ts";

/** Lets a child process import this TypeScript, too. */
const LOADER = fileURLToPath(new URL("../../bin/typescript-loader.js", import.meta.url));

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lethe-lines-"));
  path = join(folder, "run", "metrics.jsonl");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("JSON lines", () => {
  test("are on the file one by one, and appended to when opened again", () => {
    const first = openJsonLines(path);
    first.append({ step: 1, loss: 2.5 });
    expect(readFileSync(path, "utf8")).toBe('{"step":1,"loss":2.5}\n');
    first.append({ step: 2, text: "naïve\n" });
    first.sync();
    first.close();
    const second = openJsonLines(path);
    second.append({ step: 3 });
    second.close();
    expect(readFileSync(path, "utf8")).toBe('{"step":1,"loss":2.5}\n{"step":2,"text":"naïve\\n"}\n{"step":3}\n');
    expect(second.bytes).toBe(readFileSync(path).length);
  });

  test("lose a torn last line when opened", () => {
    openJsonLines(path).close();
    writeFileSync(path, `{"step":1}\n{"step":2,"lo`);
    const lines = openJsonLines(path);
    expect(lines.bytes).toBe(11);
    lines.append({ step: 2 });
    lines.close();
    expect(readFileSync(path, "utf8")).toBe('{"step":1}\n{"step":2}\n');
  });

  test("find the last whole line also when the torn one is longer than a piece read", () => {
    openJsonLines(path).close();
    writeFileSync(path, `{"step":1}\n${"x".repeat(200_000)}`);
    const lines = openJsonLines(path);
    expect(lines.bytes).toBe(11);
    lines.close();
    writeFileSync(path, "x".repeat(200_000));
    const none = openJsonLines(path);
    expect(none.bytes).toBe(0);
    none.close();
  });

  test("are cut back to where a checkpoint was", () => {
    const lines = openJsonLines(path);
    lines.append({ step: 1 });
    const { bytes } = lines;
    lines.append({ step: 2 });
    lines.close();
    openJsonLines(path, { keepBytes: bytes }).close();
    expect(readFileSync(path, "utf8")).toBe('{"step":1}\n');
    openJsonLines(path, { keepBytes: 0 }).close();
    expect(readFileSync(path, "utf8")).toBe("");
    expect(() => openJsonLines(path, { keepBytes: 5 })).toThrow(RunError);
    expect(() => openJsonLines(path, { keepBytes: 5 })).toThrow("holds 0 bytes, fewer than the 5 to keep");
  });

  test("end with a whole line when a real limit on file size stops them", () => {
    const script = `
      import { openJsonLines } from ${JSON.stringify(new URL("./json-lines.ts", import.meta.url).href)};
      const lines = openJsonLines(process.argv[1]);
      try { for (;;) lines.append({ text: "x".repeat(1000) }); }
      catch (error) { console.log(error.name, lines.bytes); }`;
    const output = execFileSync(
      "bash",
      [
        "-c",
        'ulimit -f 64; exec "$@"',
        "bash",
        process.execPath,
        "--import",
        LOADER,
        "--input-type=module",
        "-e",
        script,
        path,
      ],
      { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
    );
    const text = readFileSync(path, "utf8");
    expect(output.trim()).toBe(`FileError ${text.length}`);
    expect(text.endsWith("}\n")).toBe(true);
    expect(text.length).toBeGreaterThan(60_000);
  });

  test("cannot be appended to once closed", () => {
    const lines = openJsonLines(path);
    lines[Symbol.dispose]();
    lines.close();
    expect(() => lines.append({})).toThrow("is closed");
  });

  test("below a file name the path", () => {
    writeFileSync(join(folder, "run"), "");
    expect(() => openJsonLines(path)).toThrow(FileError);
  });
});
