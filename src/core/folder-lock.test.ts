import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FileError, RunError } from "./errors.ts";
import { LOCK_NAME, lockFolder } from "./folder-lock.ts";

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "lethe-lock-")), "run");
});
afterEach(() => rmSync(join(folder, ".."), { recursive: true, force: true }));

const writeHolder = (change: object) => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, LOCK_NAME),
    JSON.stringify({ pid: process.pid, start: "", host: hostname(), token: "other", ...change }),
  );
};

const hintOf = (): string | undefined => {
  try {
    lockFolder(folder);
  } catch (error) {
    return (error as RunError).hint;
  }
  return undefined;
};

describe("a folder lock", () => {
  test("is one file while held and none after", () => {
    const lock = lockFolder(folder);
    expect(readdirSync(folder)).toEqual([LOCK_NAME]);
    expect(lock.tookOver).toBe(false);
    lock.release();
    expect(readdirSync(folder)).toEqual([]);
    lockFolder(folder)[Symbol.dispose]();
  });

  test("refuses a second holder and names the process that has it", () => {
    const lock = lockFolder(folder);
    expect(() => lockFolder(folder)).toThrow(RunError);
    expect(() => lockFolder(folder)).toThrow(`run folder ${folder} is in use by process ${process.pid}`);
    expect(readdirSync(folder)).toEqual([LOCK_NAME]);
    lock.release();
  });

  test("of a process whose start is not known says what to do when that is no run", () => {
    writeHolder({});
    expect(hintOf()).toContain(`If that process is no Lethe run, delete ${join(folder, LOCK_NAME)}.`);
    rmSync(join(folder, LOCK_NAME));
    const lock = lockFolder(folder);
    if (process.platform === "linux") expect(hintOf()).not.toContain("delete");
    lock.release();
  });

  test("of another living process holds until that process ends", async () => {
    const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    writeHolder({ pid: other.pid });
    expect(() => lockFolder(folder)).toThrow(`process ${other.pid}`);
    other.kill("SIGKILL");
    await once(other, "exit");
    const lock = lockFolder(folder);
    expect(lock.tookOver).toBe(true);
    expect(readdirSync(folder)).toEqual([LOCK_NAME]);
    lock.release();
  });

  test("of a dead process is taken over", () => {
    writeHolder({ pid: spawnSync(process.execPath, ["-e", ""]).pid });
    const lock = lockFolder(folder);
    expect(lock.tookOver).toBe(true);
    lock.release();
  });

  test.runIf(process.platform === "linux")("of a process whose number now belongs to another is taken over", () => {
    writeHolder({ start: "1" });
    const lock = lockFolder(folder);
    expect(lock.tookOver).toBe(true);
    lock.release();
  });

  test("of another machine is never taken over, as its processes cannot be seen", () => {
    writeHolder({ pid: 1, host: "elsewhere" });
    expect(() => lockFolder(folder)).toThrow("in use by process 1 on elsewhere");
  });

  test("that is not one of ours is taken over", () => {
    lockFolder(folder).release();
    writeFileSync(join(folder, LOCK_NAME), "{torn");
    lockFolder(folder).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  test("that is abandoned takes the folders along that were made for it, but nothing that is in use", () => {
    const deep = join(folder, "a", "b");
    lockFolder(deep).abandon();
    expect(existsSync(folder)).toBe(false);
    const lock = lockFolder(deep);
    writeFileSync(join(folder, "a", "mine"), "");
    lock.abandon();
    expect(readdirSync(join(folder, "a"))).toEqual(["mine"]);
    mkdirSync(deep);
    lockFolder(deep).abandon();
    expect(readdirSync(join(folder, "a"))).toEqual(["b", "mine"]);
  });

  test("on a path that is a file says so and leaves no trace", () => {
    writeFileSync(folder, "");
    expect(() => lockFolder(folder)).toThrow(FileError);
    expect(() => lockFolder(join(folder, "below"))).toThrow("a part of the path is a file");
    expect(readdirSync(join(folder, ".."))).toEqual(["run"]);
  });

  test("is not removed by a holder that lost it", () => {
    const lock = lockFolder(folder);
    writeHolder({});
    lock.release();
    expect(JSON.parse(readFileSync(join(folder, LOCK_NAME), "utf8")).token).toBe("other");
  });
});
