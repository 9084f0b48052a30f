// The table of sources, by name. A new one is a file and its line here.

import { createRegistry } from "../../core/registry.ts";
import type { Source } from "./source.ts";

export type { Source } from "./source.ts";

export const sources = createRegistry<Source>("source", {
  given: { load: async () => (await import("./given.ts")).given as unknown as Source },
  revealed: { load: async () => (await import("./revealed/revealed.ts")).revealed as unknown as Source },
  generated: { load: async () => (await import("./generated.ts")).generated as unknown as Source },
});
