// Every command by name. A command's module is imported only when that command is called.

import type { CommandEntry } from "./command.ts";

export const commandTable: readonly CommandEntry[] = [
  {
    name: "inspect",
    summary: "show what a model, adapter, weight file or run folder holds",
    load: async () => (await import("./commands/inspect.ts")).inspect,
  },
];
