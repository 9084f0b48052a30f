// The table of plans, by name. A new one is a file and its line here.

import { createRegistry } from "../../core/registry.ts";
import type { Plan } from "./plan.ts";

export type { Plan } from "./plan.ts";

export const plans = createRegistry<Plan>("plan", {
  once: { load: async () => (await import("./once.ts")).once as unknown as Plan },
  iterate: { load: async () => (await import("./iterate.ts")).iterate as unknown as Plan },
  negate: { load: async () => (await import("./negate.ts")).negate as unknown as Plan },
});
