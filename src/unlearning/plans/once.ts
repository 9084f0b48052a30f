// One training task; its result is the result.

import { z } from "zod";
import { definePlan } from "./plan.ts";

export const once = definePlan({
  name: "once",
  summary: "train once",
  paper: "",
  options: z.strictObject({}),
  needsRetain: () => false,
  run: async ({ gather }) => (await gather(1)).train(),
});
