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

test("a template that would run for ever or fill memory is refused", () => {
  const endless: [string, RegExp][] = [
    ["{% for i in range(100000000) %}{% endfor %}", /ranges have more than 100000 numbers/],
    ["{% for i in range(1000) %}{% for j in range(1000) %}x{% endfor %}{% endfor %}", /ranges have more than 100000/],
    [
      "{% set a = range(1000) %}{% for i in a %}{% for j in a %}{% for k in a %}x{% endfor %}{% endfor %}{% endfor %}",
      /more than 300000 steps/,
    ],
    [
      "{% set n = namespace(t='xxxxxxxx') %}{% for i in range(60) %}{% set n.t = n.t ~ n.t %}{% endfor %}{{ n.t }}",
      /text/,
    ],
    ["{% set n = namespace(t=[1, 2]) %}{% for i in range(60) %}{% set n.t = n.t + n.t %}{% endfor %}", /list of more/],
    ["{% set a = range(100000) %}{% for i in a %}{% for j in a %}{% break %}{% endfor %}{% endfor %}", /steps/],
  ];
  for (const [source, message] of endless) {
    write("tokenizer_config.json", { chat_template: source });
    const chat = loadChatTemplate(folder);
    expect(() => chat?.apply(messages), source).toThrow(ModelError);
    expect(() => chat?.apply(messages), source).toThrow(message);
  }
});

test("what templates use of Jinja's own names is there", () => {
  write("tokenizer_config.json", {
    chat_template:
      "{{ range(3) | join(',') }} {{ range(1, 7, 2) | join(',') }} {{ range(2, 0, -1) | join(',') }} {{ True }} {{ none is none }} " +
      "{{ strftime_now('%Y') | length }} {% set ns = namespace(n=1) %}{% set ns.n = 2 %}{{ ns.n }}{{ messages[0]['content'].strip() }}",
  });
  expect(loadChatTemplate(folder)?.apply(messages)).toBe("0,1,2 1,3,5 2,1 true true 4 2Who are you?");
});

test("a conversation of a thousand long turns is rendered", () => {
  write("tokenizer_config.json", { chat_template: template });
  const long = Array.from({ length: 1000 }, () => ({ role: "user", content: "word ".repeat(2000) }));
  expect(loadChatTemplate(folder)?.apply(long).length).toBeGreaterThan(9_990_000);
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
