import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ConfigError, FileError } from "./errors.ts";
import { explainFileFailure, sha256, sha256File, writeFileAtomic, writeFileAtomicWith } from "./files.ts";

/** Lets a child process import this TypeScript, too. */
const LOADER = fileURLToPath(new URL("../../bin/typescript-loader.js", import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lethe-files-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("an atomic write", () => {
  test("makes the folders, writes the content and leaves nothing else behind", async () => {
    const path = join(folder, "a", "b", "config.yaml");
    await writeFileAtomic(path, "seed: 1\n");
    await writeFileAtomic(path, new Uint8Array([104, 105]));
    expect(readFileSync(path, "utf8")).toBe("hi");
    expect(readdirSync(join(folder, "a", "b"))).toEqual(["config.yaml"]);
  });

  test("that fails half-way keeps the old file and removes the temporary one", async () => {
    const path = join(folder, "weights.bin");
    writeFileSync(path, "old");
    const failing = writeFileAtomicWith(path, async (file) => {
      await file.writeFile("ne");
      throw new ConfigError("stopped half-way");
    });
    await expect(failing).rejects.toThrow(ConfigError);
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(["weights.bin"]);
  });

  test("onto a device that is full says so, and what to do", async () => {
    const path = join(folder, "model.safetensors");
    const failing = writeFileAtomicWith(path, async () => {
      throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    });
    const error = await failing.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(FileError);
    expect(error).toMatchObject({
      message: `cannot write ${path}: the disk is full`,
      hint: "Free space there or choose a folder on another disk, then run again.",
      place: { file: path },
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  test("beyond a real limit on file size leaves nothing, in a process that survives", () => {
    const script = `
      import { writeFileAtomic } from ${JSON.stringify(new URL("./files.ts", import.meta.url).href)};
      await writeFileAtomic(process.argv[1], new Uint8Array(1 << 20)).catch((error) => console.log(error.name, error.message));`;
    const path = join(folder, "big.bin");
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
    expect(output.trim()).toBe(
      `FileError cannot write ${path}: the file grew beyond what the file system or a limit allows`,
    );
    expect(existsSync(path)).toBe(false);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("below a path that is a file names the path", async () => {
    writeFileSync(join(folder, "file"), "");
    await expect(writeFileAtomic(join(folder, "file", "x"), "")).rejects.toThrow(
      /cannot write .*file\/x: something of that name is in the way/,
    );
  });

  test.skipIf(process.getuid?.() === 0)(
    "into a folder without rights is a FileError (skipped for root, who has all)",
    async () => {
      chmodSync(folder, 0o500);
      await expect(writeFileAtomic(join(folder, "x"), "")).rejects.toThrow("permission denied");
      chmodSync(folder, 0o700);
    },
  );
});

describe("a failure", () => {
  test.each(["ENOSPC", "EACCES", "EROFS", "EDQUOT"])("%s becomes a FileError with path, remedy and cause", (code) => {
    const cause = Object.assign(new Error(code), { code });
    const error = explainFileFailure(cause, "runs/a", "write");
    expect(error).toBeInstanceOf(FileError);
    expect(error).toMatchObject({ message: expect.stringContaining("cannot write runs/a: "), cause });
    expect((error as FileError).hint).toMatch(/\.$/);
  });

  test("that is no file's failure passes unchanged", () => {
    const bug = new TypeError("x is not a function");
    expect(explainFileFailure(bug, "runs/a", "read")).toBe(bug);
  });
});

describe("sha256", () => {
  const ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; // FIPS 180-2, appendix B.1

  test("of text, bytes and a file is the standard's value", async () => {
    expect(sha256("abc")).toBe(ABC);
    expect(sha256(new TextEncoder().encode("abc"))).toBe(ABC);
    writeFileSync(join(folder, "abc"), "abc");
    expect(await sha256File(join(folder, "abc"))).toBe(ABC);
  });

  test("of a file of several pieces equals that of its bytes", async () => {
    const bytes = new Uint8Array(3_000_001).map((_, index) => index % 251);
    writeFileSync(join(folder, "big"), bytes);
    expect(await sha256File(join(folder, "big"))).toBe(sha256(bytes));
  });

  test("of a missing file names it; an aborted one stops", async () => {
    await expect(sha256File(join(folder, "none"))).rejects.toThrow(FileError);
    writeFileSync(join(folder, "abc"), "abc");
    await expect(sha256File(join(folder, "abc"), { signal: AbortSignal.abort() })).rejects.toThrow("aborted");
  });
});
