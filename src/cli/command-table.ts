// Every command by name. A command's module is imported only when that command is called.

import type { Command, CommandEntry } from "./command.ts";

export const commandTable: readonly CommandEntry[] = [
  {
    name: "quickstart",
    summary: "see a small model forget ten people, in two minutes",
    load: async () => (await import("./commands/quickstart.ts")).quickstart as Command,
  },
  {
    name: "train",
    summary: "teach a model, from a folder or from random weights",
    load: async () => (await import("./commands/train.ts")).train,
  },
  {
    name: "unlearn",
    summary: "make a model forget, and measure what went and what stayed",
    load: async () => (await import("./commands/unlearn.ts")).unlearn,
  },
  {
    name: "methods",
    summary: "list what an unlearning can be put together from, and what a step costs",
    load: async () => (await import("./commands/methods.ts")).methods as Command,
  },
  {
    name: "tune",
    summary: "search a method's settings under a stated budget, judged on records that are not reported",
    load: async () => (await import("./commands/tune.ts")).tune as Command,
  },
  {
    name: "eval",
    summary: "measure models on sets of records",
    load: async () => (await import("./commands/eval.ts")).evalCommand as Command,
  },
  {
    name: "generate",
    summary: "let a model answer or continue a text",
    load: async () => (await import("./commands/generate.ts")).generate as Command,
  },
  {
    name: "serve",
    summary: "serve a model over OpenAI's HTTP interface",
    load: async () => (await import("./commands/serve.ts")).serve as Command,
  },
  {
    name: "report",
    summary: "write a run's report.html again and print its comparison",
    load: async () => (await import("./commands/report.ts")).report,
  },
  {
    name: "dataset",
    summary: "make questions about facts to forget and facts to keep, checked for leaks",
    load: async () => (await import("./commands/dataset.ts")).dataset as Command,
  },
  {
    name: "inspect",
    summary: "show what a model, adapter, weight file or run folder holds",
    load: async () => (await import("./commands/inspect.ts")).inspect,
  },
  {
    name: "bench",
    summary: "run a benchmark of unlearning, or measure the speed of training and generation here",
    load: async () => (await import("./commands/bench.ts")).bench as Command,
  },
];
