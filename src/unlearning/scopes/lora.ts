// Fresh low-rank matrices beside linear layers move, nothing else (2106.09685). The result can be kept apart as an adapter.

import { z } from "zod";
import { addLora } from "../../models/lora.ts";
import { defineScope } from "./scope.ts";

export const lora = defineScope({
  name: "lora",
  summary: "low-rank adapters beside linear layers",
  paper: "https://arxiv.org/abs/2106.09685",
  options: z.strictObject({
    rank: z.number().int().positive().default(8),
    alpha: z.number().positive().default(16),
    targets: z
      .union([z.literal("all-linear"), z.array(z.string()).nonempty()])
      .default("all-linear")
      .describe('names such as ["q_proj", "v_proj"], or "all-linear"'),
    layers: z.array(z.number().int().nonnegative()).nonempty().optional().describe("only these layers"),
  }),
  select: (model, options, random) => addLora(model, options, random),
});
