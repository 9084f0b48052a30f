// Fresh low-rank matrices beside linear layers move, nothing else (2106.09685). The result can be kept apart as an adapter.

import { z } from "zod";
import { ConfigError } from "../../core/errors.ts";
import { addLora } from "../../models/lora.ts";
import { refuseMissingLayers } from "./layer-range.ts";
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
  select: (model, options, random) => {
    const { targets, layers } = options;
    refuseMissingLayers(model, layers ?? []);
    const names = addLora(model, options, random);
    if (names.length > 0) return names;
    const called = targets === "all-linear" ? "" : ` called ${targets.join(" or ")}`;
    throw new ConfigError(`no linear layer${called} lies in layers ${layers?.join(", ")}`, {
      place: { key: "scope" },
      hint: "The output projection belongs to no layer: leave `layers` out to adapt it.",
    });
  },
});
