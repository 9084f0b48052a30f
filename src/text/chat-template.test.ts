import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ModelError } from "../core/errors.ts";
import { loadChatTemplate } from "./chat-template.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lethe-chat-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, content: unknown) =>
  writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));

const template =
  "{{ bos_token }}{% for m in messages %}{% if m.role == 'tool' %}{{ raise_exception('no tools here') }}{% endif %}" +
  "<{{ m.role }}>{{ m.content | trim }}{{ eos_token }}\n{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}";
const messages = [
  { role: "user", content: " Who are you? " },
  { role: "assistant", content: "Nobody." },
];

test("a folder without a chat template has none", () => {
  expect(loadChatTemplate(folder)).toBeUndefined();
});

test("a conversation is rendered with the folder's special tokens, ready for the answer on request", () => {
  write("tokenizer_config.json", { bos_token: "<s>", eos_token: { content: "</s>" }, chat_template: template });
  const chat = loadChatTemplate(folder);
  expect(chat?.apply(messages)).toBe("<s><user>Who are you?</s>\n<assistant>Nobody.</s>\n");
  expect(chat?.apply(messages.slice(0, 1), { addGenerationPrompt: true })).toBe(
    "<s><user>Who are you?</s>\n<assistant>",
  );
});

test("a list of templates is chosen from by name, and chat_template.jinja goes before both", () => {
  const list = [
    { name: "default", template: "D" },
    { name: "rag", template: "R" },
  ];
  write("tokenizer_config.json", { chat_template: list });
  expect(loadChatTemplate(folder)?.apply([])).toBe("D");
  expect(loadChatTemplate(folder, { name: "rag" })?.apply([])).toBe("R");
  expect(() => loadChatTemplate(folder, { name: "tool" })).toThrow(/no template "tool"; it has default, rag/);
  write("chat_template.jinja", "J");
  expect(loadChatTemplate(folder)?.apply([])).toBe("J");
});

test("a malformed template and a refused conversation are ModelErrors that say why", () => {
  write("tokenizer_config.json", { chat_template: "{% for %}" });
  expect(() => loadChatTemplate(folder)).toThrow(ModelError);
  write("tokenizer_config.json", { chat_template: 7 });
  expect(() => loadChatTemplate(folder)).toThrow(/neither a text nor a list/);
  write("tokenizer_config.json", { chat_template: template });
  const chat = loadChatTemplate(folder);
  expect(() => chat?.apply([{ role: "tool", content: "" }])).toThrow(/no tools here/);
});
