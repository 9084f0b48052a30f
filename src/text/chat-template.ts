// Renders a conversation as the text that a chat model was trained on, with the Jinja template of its folder. Knows nothing of token ids.

import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { ModelError } from "../core/errors.ts";
import { isJsonObject } from "../core/json-file.ts";
import { createBoundedTemplate } from "./bounded-template.ts";
import { readSpecialTokenFiles, type SpecialTokenFiles, specialTokenText } from "./special-tokens.ts";

export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

export interface ChatTemplate {
  /**
   * The conversation as text. `addGenerationPrompt` (default false): ends where the assistant's answer begins. Encode the result with
   * `addSpecialTokens: false`: templates write the begin token themselves.
   * @throws ModelError when the template refuses the messages (an unknown role, two user turns in a row), cannot be rendered,
   * or takes more work than any conversation needs.
   */
  apply(messages: readonly ChatMessage[], options?: { readonly addGenerationPrompt?: boolean }): string;
}

/**
 * The chat template of a folder: chat_template.jinja, or else `chat_template` in tokenizer_config.json, where it is a text or a list of
 * named ones, of which `name` is taken. Undefined for a folder without one.
 * @throws ModelError when it is malformed or has no template of that name.
 */
export function loadChatTemplate(
  folder: string,
  { name = "default" }: { readonly name?: string } = {},
): ChatTemplate | undefined {
  const files = readSpecialTokenFiles(folder);
  const jinjaPath = join(folder, "chat_template.jinja");
  const configPath = join(folder, "tokenizer_config.json");
  if (existsSync(jinjaPath)) {
    const status = statSync(jinjaPath);
    if (!status.isFile()) throw new ModelError(`${jinjaPath} is not a regular file`, { place: { file: jinjaPath } });
    if (status.size > 4_000_000) {
      throw new ModelError(`${jinjaPath} is larger than any chat template`, { place: { file: jinjaPath } });
    }
    return createChatTemplate(readFileSync(jinjaPath, "utf8"), files, jinjaPath);
  }
  const value = files.tokenizerConfig.chat_template ?? undefined;
  if (value === undefined) return undefined;
  return createChatTemplate(chooseTemplate(value, name, configPath), files, configPath);
}

/** @throws ModelError when `source` is no valid Jinja template; `file` names it in errors. */
function createChatTemplate(source: string, files: SpecialTokenFiles, file: string): ChatTemplate {
  const fail = (problem: string, error: unknown) =>
    new ModelError(`${file}: the chat template ${problem}: ${(error as Error).message.slice(0, 300)}`, {
      hint: "Check the roles and their order, or write the prompt without a chat template.",
      place: { file, key: "chat_template" },
      cause: error,
    });
  let render: (values: Readonly<Record<string, unknown>>) => string;
  try {
    render = createBoundedTemplate(source);
  } catch (error) {
    throw fail("cannot be read", error);
  }
  const special = Object.fromEntries(
    (["bos_token", "eos_token", "pad_token", "unk_token"] as const).map((role) => [
      role,
      specialTokenText(files, role) ?? "",
    ]),
  );
  return {
    apply: (messages, { addGenerationPrompt = false } = {}) => {
      try {
        return render({ ...special, messages, add_generation_prompt: addGenerationPrompt });
      } catch (error) {
        throw fail("refuses this conversation", error);
      }
    },
  };
}

function chooseTemplate(value: unknown, name: string, file: string): string {
  if (typeof value === "string") return value;
  const fail = (problem: string) =>
    new ModelError(`${file}: "chat_template" ${problem}`, { place: { file, key: "chat_template" } });
  if (!Array.isArray(value)) throw fail("is neither a text nor a list");
  const named = new Map<string, string>();
  for (const entry of value) {
    if (!isJsonObject(entry) || typeof entry.name !== "string" || typeof entry.template !== "string") {
      throw fail("has an entry without name and template");
    }
    named.set(entry.name, entry.template);
  }
  const chosen = named.get(name);
  if (chosen === undefined) throw fail(`has no template "${name}"; it has ${[...named.keys()].join(", ")}`);
  return chosen;
}
