// What a model's programs may do, tried with programs that try it. Needs a Python.

import { existsSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ALLOW_VARIABLE, findPython, parsePrograms, runPrograms } from "./python.ts";

const here = findPython() !== undefined;

test("nothing runs unless it is allowed", async () => {
  delete process.env[ALLOW_VARIABLE];
  await expect(runPrograms(["pass"])).rejects.toMatchObject({
    hint: expect.stringContaining("--allow-code-execution"),
  });
});

describe.skipIf(!here)("programs (skipped where there is no Python)", () => {
  beforeEach(() => {
    process.env[ALLOW_VARIABLE] = "1";
  });
  afterEach(() => {
    delete process.env[ALLOW_VARIABLE];
  });

  test("pass when they come to their end, and not when they leave before, fail or do not parse", async () => {
    const programs = [
      "import math\nassert math.gcd(4, 6) == 2\nprint('x' * 100000)",
      "assert 1 == 2",
      "import sys\nsys.exit(0)\nassert False",
      "import os\nos._exit(0)",
      "def f(:",
    ];
    expect(await runPrograms(programs)).toEqual(["passed", "failed", "failed", "failed", "failed"]);
  });

  test("are stopped when they take too long or too much memory", async () => {
    expect(await runPrograms(["while True: pass"], { seconds: 0.5 })).toEqual(["timed-out"]);
    // Where the address space cannot be limited, as on macOS, this passes as any program does.
    if (process.platform === "linux")
      expect(await runPrograms(["x = bytearray(300 * 2 ** 20)"], { mebibytes: 200 })).toEqual(["failed"]);
  });

  test("reach no network, start no process and write no file", async () => {
    let calls = 0;
    const server = createServer(() => calls++);
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    const { port } = server.address() as AddressInfo;
    const file = join(tmpdir(), `lethe-written-${process.pid}`);
    const programs = [
      `import socket\nsocket.create_connection(("127.0.0.1", ${port}))`,
      `import _socket\n_socket.socket().connect(("127.0.0.1", ${port}))`,
      `import subprocess\nsubprocess.run(["touch", ${JSON.stringify(file)}])`,
      `import os\nos.system("touch ${file}")`,
      "import os\nif os.fork() == 0:\n  pass",
      `open(${JSON.stringify(file)}, "w")`,
      `import os\nos.open(${JSON.stringify(file)}, os.O_CREAT | os.O_WRONLY)`,
      "import ctypes\nctypes.CDLL(None)",
      "import _posixsubprocess", // starts processes that no hook is told of
      `import sqlite3\nsqlite3.connect(${JSON.stringify(file)})`,
    ];
    const outcomes = await runPrograms(programs);
    await new Promise((closed) => server.close(closed));
    expect(outcomes).toEqual(programs.map(() => "failed"));
    expect(calls).toBe(0);
    expect(existsSync(file)).toBe(false);
  });

  test("are parsed without being run", async () => {
    const file = join(tmpdir(), `lethe-parsed-${process.pid}`);
    const programs = [
      `open(${JSON.stringify(file)}, "w")\ndef f(x):\n  return x`,
      "def f(x)\n  return x",
      "word",
      "",
      "a\u0000b",
    ];
    expect(await parsePrograms(programs)).toEqual([true, false, false, false, false]);
    expect(existsSync(file)).toBe(false);
  });
});
