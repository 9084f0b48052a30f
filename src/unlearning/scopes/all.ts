// Every weight moves.

import { z } from "zod";
import { defineScope } from "./scope.ts";

export const all = defineScope({
  name: "all",
  summary: "every weight",
  paper: "",
  options: z.strictObject({}),
  select: (model) => [...model.weights.keys()],
});
