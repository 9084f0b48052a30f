// One training task; its result is the result.

import { z } from "zod";
import type { Plan } from "./plan.ts";

export const once: Plan = {
  name: "once",
  summary: "train once",
  paper: "",
  options: z.strictObject({}),
  run: (train) => train(),
};
