// Chats for models that know questions and answers only: one question, a separator, the answer. The form that `lethe train` teaches.

import { ModelError } from "../core/errors.ts";
import type { ChatTemplate, Tokenizer } from "../text/index.ts";

/** Writes the begin token where the tokenizer puts one. @throws ModelError for anything but one message of a user */
export function questionTemplate(tokenizer: Tokenizer, separator: string): ChatTemplate {
  const begin = tokenizer.addsBos && tokenizer.bosId !== undefined ? (tokenizer.tokenOf(tokenizer.bosId) ?? "") : "";
  return {
    apply(messages) {
      const [question, ...more] = messages;
      if (!question || more.length > 0 || question.role !== "user") {
        throw new ModelError("this model answers single questions: send one message, of the user", {
          hint: "It has no chat template that could tell turns apart.",
        });
      }
      return `${begin}${question.content}${separator}`;
    },
  };
}
