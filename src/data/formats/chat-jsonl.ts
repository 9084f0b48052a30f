// Conversations, one JSON object {"messages": [{"role", "content"}, …]} per line: an optional system message, then user and
// assistant in turn, the assistant last.

import { DataError, type Place } from "../../core/errors.ts";
import type { Message } from "../record.ts";
import type { RecordFormat } from "./format.ts";
import { describe, idOf, type JsonObject, labelFields, readObjects, textField } from "./json-objects.ts";

const expected =
  'expected {"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]} on each line';

export const chatJsonl: RecordFormat = {
  name: "chat-jsonl",
  expected,
  recognise: ({ keys }) => (keys.has("messages") ? 'the first object has "messages"' : undefined),
  async *read(file, { name }) {
    let number = 0;
    for await (const { value, place } of readObjects(file, expected)) {
      number++;
      yield {
        kind: "conversation",
        id: idOf(value, place, `${name}#${number}`),
        messages: readMessages(value, place),
        ...labelFields(value, place, expected),
      };
    }
  },
};

function readMessages(object: JsonObject, place: Place): Message[] {
  const list = Object.hasOwn(object, "messages") ? object.messages : undefined;
  const fail = (message: string) => new DataError(`${message}; ${expected}`, { place: { ...place, key: "messages" } });
  if (!Array.isArray(list)) throw fail(`"messages" must be a list, got ${describe(list)}`);
  const messages = list.map((item: unknown, index): Message => {
    if (typeof item !== "object" || item === null || Array.isArray(item)) {
      throw fail(`message ${index + 1} must be an object, got ${describe(item)}`);
    }
    const role = textField(item as JsonObject, "role", place, expected);
    if (role !== "system" && role !== "user" && role !== "assistant") {
      throw fail(`message ${index + 1} has role ${describe(role)}; allowed are system, user and assistant`);
    }
    return { role, content: textField(item as JsonObject, "content", place, expected) };
  });
  const turns = messages[0]?.role === "system" ? messages.slice(1) : messages;
  const wrong = turns.findIndex((message, index) => message.role !== (index % 2 === 0 ? "user" : "assistant"));
  if (wrong >= 0) {
    throw fail(
      `user and assistant must take turns, beginning with the user; turn ${wrong + 1} is the ${turns[wrong]?.role}'s`,
    );
  }
  if (turns.length === 0 || turns.length % 2 === 1) throw fail("the last message must be the assistant's");
  return messages;
}
