// The table of scopes, by name. A new one is a file and its line here.

import { createRegistry } from "../../core/registry.ts";
import type { Scope } from "./scope.ts";

export type { Scope } from "./scope.ts";

export const scopes = createRegistry<Scope>("scope", {
  all: { load: async () => (await import("./all.ts")).all as unknown as Scope },
  lora: { load: async () => (await import("./lora.ts")).lora as unknown as Scope },
  adapter: { load: async () => (await import("./adapter.ts")).adapter as unknown as Scope },
  layers: { load: async () => (await import("./layers.ts")).layers as unknown as Scope },
  memflex: { load: async () => (await import("./memflex.ts")).memflex as unknown as Scope },
  wagle: { load: async () => (await import("./wagle.ts")).wagle as unknown as Scope },
  offset: { load: async () => (await import("./offset.ts")).offset as unknown as Scope },
});
