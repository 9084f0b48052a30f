import { describe, expect, test, vi } from "vitest";
import { ConfigError } from "../core/errors.ts";
import type { Command, CommandEntry } from "./command.ts";
import { main } from "./main.ts";
import { createTerminal } from "./terminal.ts";

const call = async (line: string[], run: Command["run"] = async () => {}, json: Command["json"] = "events") => {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = createTerminal({ write: (text) => out.push(text) }, { write: (text) => err.push(text) }, {});
  const command: Command = {
    examples: ["lethe train config.yaml training.steps=100"],
    json,
    configure: (parser) => void parser.argument("<config>").argument("[overrides...]").option("--resume"),
    run,
  };
  const load = vi.fn(async () => command);
  const other = vi.fn(async () => command);
  const table: CommandEntry[] = [
    { name: "train", summary: "train a model", load },
    { name: "report", summary: "write the report", load: other },
  ];
  const exitCode = await main(line, { terminal, table, debug: false });
  return { exitCode, out: out.join(""), err: err.join(""), load, other };
};

describe("the command line", () => {
  test("--help lists every command without loading one", async () => {
    const { exitCode, out, load, other } = await call(["--help"]);
    expect(exitCode).toBe(0);
    expect(out).toMatch(/train {2,}.*train a model/);
    expect(out).toMatch(/report {2,}.*write the report/);
    expect(load).not.toHaveBeenCalled();
    expect(other).not.toHaveBeenCalled();
  });

  test.each([
    ["train", "--help"],
    ["help", "train"],
  ])("%s %s shows arguments, options and examples of that command", async (...line) => {
    const { exitCode, out, other } = await call(line);
    expect(exitCode).toBe(0);
    expect(out).toContain("Usage: lethe train [options] <config> [overrides...]");
    expect(out).toContain("--resume");
    expect(out).toContain("$ lethe train config.yaml training.steps=100");
    expect(other).not.toHaveBeenCalled();
  });

  test("calls a command with its arguments, options and the line itself", async () => {
    const run = vi.fn<Command["run"]>(async () => {});
    const line = ["train", "a.yaml", "x=1", "y=-2", "--resume"];
    expect(await call(line, run)).toMatchObject({ exitCode: 0, err: "" });
    expect(run.mock.calls[0]?.[0]).toMatchObject({
      positional: ["a.yaml", "x=1", "y=-2"],
      options: { resume: true },
      line,
    });
  });

  test("wrong usage exits with 2 and suggests", async () => {
    expect(await call(["trian"])).toMatchObject({ exitCode: 2, err: expect.stringContaining("Did you mean train?") });
    expect(await call(["train"])).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining("missing required argument 'config'"),
    });
    expect(await call(["train", "a", "--resmue"])).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining("--resume"),
    });
    expect(await call([])).toMatchObject({ exitCode: 2, err: expect.stringContaining("Usage: lethe") });
  });

  test("--version is the package's", async () => {
    expect((await call(["--version"])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test("an error of the user's is shown and exits with 1", async () => {
    const fail = async () => {
      throw new ConfigError("no such set", { hint: "Name another." });
    };
    expect(await call(["train", "a"], fail)).toMatchObject({
      exitCode: 1,
      out: "",
      err: "error: no such set\n   do: Name another.\n",
    });
    const { err } = await call(["train", "a", "--json"], fail);
    expect(JSON.parse(err)).toMatchObject({ error: { message: "no such set" } });
  });

  test("a command that cannot be loaded is shown, too", async () => {
    const err: string[] = [];
    const terminal = createTerminal({ write: () => {} }, { write: (text) => err.push(text) }, {});
    const table = [{ name: "train", summary: "", load: () => Promise.reject(new Error("broken module")) }];
    expect(await main(["train"], { terminal, table, debug: false })).toBe(1);
    expect(err.join("")).toContain("internal error: broken module");
  });

  test("the result is text, or JSON alone, or the last of the events", async () => {
    const run: Command["run"] = async ({ report, result }) => {
      report({ type: "note", text: "working" });
      result({ loss: 1 }, () => "loss 1");
    };
    expect(await call(["train", "a"], run)).toMatchObject({ out: "loss 1\n", err: "working\n" });
    expect(await call(["train", "a", "--json"], run, "result")).toMatchObject({
      out: '{"loss":1}\n',
      err: "working\n",
    });
    expect(await call(["train", "a", "--json"], run, "events")).toMatchObject({
      out: '{"type":"note","text":"working"}\n{"type":"result","loss":1}\n',
      err: "",
    });
  });

  test("Ctrl-C aborts the task, which ends as stopped with 130", async () => {
    const run: Command["run"] = async ({ signal }) => {
      process.emit("SIGINT");
      signal.throwIfAborted();
    };
    expect(await call(["train", "a"], run)).toMatchObject({
      exitCode: 130,
      err: expect.stringMatching(/Ctrl-C again.*\nstopped\n$/),
    });
    expect(process.listenerCount("SIGINT")).toBe(0);
  });

  test("a task that finishes although it was asked to stop still says by which signal", async () => {
    const run: Command["run"] = async () => void process.emit("SIGTERM");
    expect((await call(["train", "a"], run)).exitCode).toBe(143);
  });
});
