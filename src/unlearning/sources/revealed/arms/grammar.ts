// Instructions from a grammar: templates × topics × styles, for models that cannot write instructions. Knows nothing of models.

import { z } from "zod";
import type { Instruction } from "../instruction.ts";

export const grammarOptions = z.strictObject({
  questions: z
    .array(z.string())
    .default(["{topic}", "What is {topic}?", "Who is {topic}?", "Tell me {style} about {topic}."])
    .describe("templates of questions; {topic} and {style} are filled in"),
  prefixes: z
    .array(z.string())
    .default(["", "{topic}"])
    .describe('templates of beginnings that the model continues; "" lets it begin itself'),
  styles: z.array(z.string().min(1)).default(["everything", "something"]),
});
export type Grammar = z.output<typeof grammarOptions>;

/** Every way to fill the templates. A template without a slot comes once; one with {topic} not at all when there are no topics. */
export function compose(
  { questions, prefixes, styles }: Grammar,
  topics: readonly string[],
  origin: Instruction["origin"] = "grammar",
): Instruction[] {
  const filled = (templates: readonly string[], form: Instruction["form"]) =>
    templates
      .flatMap((template) => fill(template, "{topic}", topics))
      .flatMap((template) => fill(template, "{style}", styles))
      .map((text): Instruction => ({ text, form, origin }));
  return [...filled(prefixes, "prefix"), ...filled(questions, "question")];
}

const fill = (template: string, slot: string, words: readonly string[]): string[] =>
  template.includes(slot) ? words.map((word) => template.replaceAll(slot, word)) : [template];
