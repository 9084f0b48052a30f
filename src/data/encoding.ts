// Records as token ids with labels, and prompts for generation, by one rule. Knows nothing of models, batches or files.
//
// Prompt and answer are tokenised apart and joined, in training, evaluation and generation alike. Generation sees only the prompt; were the
// two tokenised together, a merge across their border ("\n\nParis", ": Paris") would give the prompt other ids in training than in
// generation, and the answer's first token could differ with the text before it. Apart, the ids of a prompt never depend on its answer.

import { z } from "zod";
import { ConfigError, DataError } from "../core/errors.ts";
import { answerOf, type DataRecord, describeRecord, type Message, questionOf } from "./record.ts";

/** What encoding needs of a tokenizer. */
export interface TextTokenizer {
  encode(text: string, options: { readonly addSpecialTokens: boolean }): ArrayLike<number>;
  readonly bosId?: number | undefined;
  /** False for tokenizers that have a begin token and do not put it in front; then it is not put there. */
  readonly addsBos?: boolean;
  readonly eosId?: number | undefined;
}

/** A model's chat template: messages as text. It writes the begin token and closes every turn itself. */
export interface ChatRenderer {
  apply(messages: readonly Message[], options: { readonly addGenerationPrompt: boolean }): string;
}

/** Label of a position that does not count. */
export const IGNORED = -100;

/** Part of a run's configuration. */
export const encodingOptions = z.strictObject({
  template: z
    .enum(["question-answer", "chat"])
    .default("question-answer")
    .describe("Plain question, separator, answer; or the model's own chat template."),
  questionPrefix: z.string().default("").describe("Text before the question."),
  questionSuffix: z.string().default("").describe("Text after the question."),
  separator: z.string().default("\n\n").describe("Between question and answer; two newlines as in KnowUnDo."),
  separatorIn: z
    .enum(["prompt", "answer"])
    .default("prompt")
    .describe("Whether the separator is given, or part of what is answered and counts; KnowUnDo's code counts it."),
  system: z.string().optional().describe("System message in front of chats that have none."),
  loss: z
    .enum(["answer", "sequence"])
    .default("answer")
    .describe("Count answer tokens only, or every token after the first. Plain text always counts whole."),
  endToken: z.boolean().default(true).describe("End answers and texts with the end token, and count it."),
  tooLong: z
    .enum(["error", "truncate"])
    .default("error")
    .describe("An answer that does not fit the context is refused, or cut at its end."),
});

export type EncodingOptions = z.input<typeof encodingOptions> & {
  /** Largest number of positions the model takes; unlimited when absent. */
  readonly contextLength?: number | undefined;
  /** Needed for conversations and for the template "chat". */
  readonly chatTemplate?: ChatRenderer | undefined;
};

export interface EncodedExample {
  /** The record's id; a text in several windows has the same for each. */
  readonly id: string;
  /** Index of the record in the list that was encoded. */
  readonly record: number;
  /** Model inputs [n], begin token included. The last token of the text is not among them, since nothing is predicted from it. */
  readonly ids: Int32Array;
  /** [n]: labels[t] is the id that position t must predict (already shifted by one), or −100 where nothing counts. */
  readonly labels: Int32Array;
  /** First position that predicts an answer token; 0 for plain text. */
  readonly answerStart: number;
  /** True when the answer was cut to fit the context. */
  readonly truncated: boolean;
}

/**
 * Encodes records in order. A plain text longer than the context becomes several examples, consecutive windows in which every token is
 * predicted once; questions and conversations are one example each. Of a conversation the last assistant message is the answer.
 * @throws DataError naming the record: the answer does not fit the context (with `tooLong: "error"`), the prompt alone does not fit,
 * nothing is left to predict; ConfigError when a chat template is needed and missing.
 * @example
 * const examples = encodeRecords(tokenizer, records, { contextLength: 256 });
 */
export function encodeRecords(
  tokenizer: TextTokenizer,
  records: readonly DataRecord[],
  options: EncodingOptions = {},
): EncodedExample[] {
  const settings = settle(options);
  return records.flatMap((record, index) =>
    record.kind === "text"
      ? encodeText(tokenizer, record.text, record, index, settings)
      : [encodeParts(promptAndAnswer(tokenizer, record, settings), record, index, settings)],
  );
}

/** One question or conversation, or a plain text that fits the context. @throws as `encodeRecords`, and DataError for a longer text. */
export function encodeExample(
  tokenizer: TextTokenizer,
  record: DataRecord,
  options: EncodingOptions = {},
): EncodedExample {
  const [example, ...more] = encodeRecords(tokenizer, [record], options);
  if (!example || more.length > 0) {
    throw new DataError(
      `${describeRecord(record)} is longer than the context of ${options.contextLength} tokens`,
      at(record),
    );
  }
  return example;
}

/**
 * Ids to generate an answer from: exactly the ids that stand before the answer in `encodeExample`. Of plain text: the begin token.
 * @throws DataError when the prompt does not leave room for one token; ConfigError when a chat template is needed and missing.
 */
export function encodePrompt(tokenizer: TextTokenizer, record: DataRecord, options: EncodingOptions = {}): Int32Array {
  const settings = settle(options);
  if (record.kind === "text") return Int32Array.from(beginToken(tokenizer));
  const { ids } = promptAndAnswer(tokenizer, record, settings);
  refuseLongPrompt(record, ids.length, settings);
  return Int32Array.from(ids);
}

/**
 * A text and each way to go on from it, one example per way, without an end token. Tokenised as lm-evaluation-harness does: what goes on is what the ids of both
 * together hold past those of the text alone, so that a tokenizer that marks the beginning of every text (Llama's, Mistral's) puts no mark between the two.
 * `record` is what messages name. @throws as `encodeRecords`.
 */
export function encodeContinuations(
  tokenizer: TextTokenizer,
  record: Answered,
  { text, continuations }: { readonly text: string; readonly continuations: readonly string[] },
  options: EncodingOptions = {},
): EncodedExample[] {
  const settings = settle(options);
  const alone = plainIds(tokenizer, text);
  return continuations.map((continuation, index) => {
    const together = plainIds(tokenizer, text + continuation).slice(alone.length);
    const answer = together.length > 0 ? together : plainIds(tokenizer, continuation);
    const parts = { ids: [...beginToken(tokenizer), ...alone], answerIds: () => answer };
    return encodeParts(parts, record, index, settings);
  });
}

type Settings = z.output<typeof encodingOptions> & Pick<EncodingOptions, "contextLength" | "chatTemplate">;
type Answered = Exclude<DataRecord, { kind: "text" }>;

function settle({ contextLength, chatTemplate, ...rest }: EncodingOptions): Settings {
  const parsed = encodingOptions.safeParse(rest);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new ConfigError(`encoding: ${issue?.path.join(".") || "options"}: ${issue?.message}`);
  }
  return { ...parsed.data, contextLength, chatTemplate };
}

interface Parts {
  /** Of the prompt. */
  readonly ids: readonly number[];
  answerIds(): readonly number[];
}

function encodeParts(prompt: Parts, record: Answered, index: number, settings: Settings): EncodedExample {
  refuseLongPrompt(record, prompt.ids.length, settings);
  const answer = prompt.answerIds();
  // n tokens need n − 1 positions.
  const room = (settings.contextLength ?? Number.POSITIVE_INFINITY) + 1 - prompt.ids.length;
  const truncated = answer.length > room;
  if (truncated && settings.tooLong === "error") {
    throw new DataError(
      `${describeRecord(record)} does not fit the context: prompt ${prompt.ids.length} and answer ${answer.length} tokens, ` +
        `context ${settings.contextLength}`,
      { hint: "Shorten the record, use a model with a longer context, or set tooLong: truncate.", ...at(record) },
    );
  }
  const tokens = [...prompt.ids, ...(truncated ? answer.slice(0, room) : answer)];
  const answerStart = Math.max(0, prompt.ids.length - 1);
  const counted = settings.loss === "sequence" ? 0 : answerStart;
  return { ...shift(tokens, counted, record), id: record.id, record: index, answerStart, truncated };
}

function encodeText(
  tokenizer: TextTokenizer,
  text: string,
  record: DataRecord,
  index: number,
  settings: Settings,
): EncodedExample[] {
  const tokens = [...beginToken(tokenizer), ...plainIds(tokenizer, text), ...endToken(tokenizer, settings)];
  const room = settings.contextLength ?? tokens.length;
  const examples: EncodedExample[] = [];
  for (let start = 0; start === 0 || start < tokens.length - 1; start += room) {
    const window = tokens.slice(start, start + room + 1);
    examples.push({ ...shift(window, 0, record), id: record.id, record: index, answerStart: 0, truncated: false });
  }
  return examples;
}

/** Inputs and labels of a token sequence; positions before `counted` get −100. */
function shift(tokens: readonly number[], counted: number, record: DataRecord) {
  if (tokens.length - 1 <= counted) {
    throw new DataError(`${describeRecord(record)} leaves nothing to predict: its text has no token after the first`, {
      hint: "Remove the record, or use a tokenizer with a begin token.",
      ...at(record),
    });
  }
  const labels = Int32Array.from(tokens.slice(1));
  labels.fill(IGNORED, 0, counted);
  return { ids: Int32Array.from(tokens.slice(0, -1)), labels };
}

function promptAndAnswer(tokenizer: TextTokenizer, record: Answered, settings: Settings): Parts {
  if (record.kind !== "conversation" && settings.template === "question-answer") {
    const { questionPrefix, questionSuffix, separator, separatorIn } = settings;
    const [given, answered] = separatorIn === "prompt" ? [separator, ""] : ["", separator];
    const text = questionPrefix + questionOf(record) + questionSuffix + given;
    return {
      ids: [...beginToken(tokenizer), ...plainIds(tokenizer, text)],
      answerIds: () => [...plainIds(tokenizer, answered + answerOf(record)), ...endToken(tokenizer, settings)],
    };
  }
  const { chatTemplate } = settings;
  if (!chatTemplate) {
    throw new ConfigError(`${describeRecord(record)} needs a chat template and this tokenizer has none`, {
      hint: "Use template: question-answer with question/answer records, or a model whose tokenizer_config.json has a chat_template.",
    });
  }
  const messages = conversation(record, settings);
  const prompt = chatTemplate.apply(messages.slice(0, -1), { addGenerationPrompt: true });
  return {
    ids: plainIds(tokenizer, prompt),
    answerIds: () => {
      const whole = chatTemplate.apply(messages, { addGenerationPrompt: false });
      if (!whole.startsWith(prompt)) {
        throw new DataError(`the chat template does not continue its own prompt for ${describeRecord(record)}`, {
          hint: "The template changes earlier text once the answer is there; use template: question-answer.",
          ...at(record),
        });
      }
      // Templates close the turn themselves; what follows the closing token is white space that nobody waits for.
      return plainIds(tokenizer, whole.slice(prompt.length).trimEnd());
    },
  };
}

function conversation(record: Answered, settings: Settings): readonly Message[] {
  const messages: readonly Message[] =
    record.kind === "conversation"
      ? record.messages
      : [
          { role: "user", content: settings.questionPrefix + questionOf(record) + settings.questionSuffix },
          { role: "assistant", content: answerOf(record) },
        ];
  if (settings.system === undefined || messages[0]?.role === "system") return messages;
  return [{ role: "system", content: settings.system }, ...messages];
}

function refuseLongPrompt(record: DataRecord, length: number, { contextLength }: Settings): void {
  if (contextLength === undefined || length <= contextLength) return;
  throw new DataError(
    `the question of ${describeRecord(record)} alone has ${length} tokens, context ${contextLength}`,
    {
      hint: "Shorten the question or use a model with a longer context.",
      ...at(record),
    },
  );
}

const plainIds = (tokenizer: TextTokenizer, text: string): number[] => {
  return Array.from(tokenizer.encode(text, { addSpecialTokens: false }));
};
const beginToken = ({ bosId, addsBos = true }: TextTokenizer): number[] => {
  return addsBos && bosId !== undefined ? [bosId] : [];
};
const endToken = ({ eosId }: TextTokenizer, settings: Settings): number[] => {
  return settings.endToken && eosId !== undefined ? [eosId] : [];
};
const at = (record: DataRecord) => (record.place ? { place: record.place } : {});
