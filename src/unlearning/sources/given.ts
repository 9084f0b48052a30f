// The text to forget is given: records in files.

import { z } from "zod";
import { readSources } from "../session.ts";
import type { Source } from "./source.ts";

export const given: Source = {
  name: "given",
  summary: "records in files",
  paper: "",
  options: z.strictObject({}),
  records: ({ forget, signal }) => readSources(forget, signal),
};
