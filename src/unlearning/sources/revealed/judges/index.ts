// The table of judges, by name. A new one is a file and its line here.

import { createRegistry } from "../../../../core/registry.ts";
import type { JudgeKind } from "./judge.ts";

export type { Judge, JudgeKind, JudgeStart } from "./judge.ts";

export const judges = createRegistry<JudgeKind>("judge", {
  classifier: { load: async () => (await import("./classifier.ts")).classifier as unknown as JudgeKind },
  embedding: { load: async () => (await import("./embedding.ts")).embedding as unknown as JudgeKind },
  service: { load: async () => (await import("./service.ts")).service as unknown as JudgeKind },
  tagger: { load: async () => (await import("./tagger.ts")).tagger as unknown as JudgeKind },
  words: { load: async () => (await import("./words.ts")).words as unknown as JudgeKind },
});
