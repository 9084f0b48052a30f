// Judges by named entities: how sure a tagger is that a text names one of the asked types. The tagger is a language model that Lethe taught (data format `conll`),
// or a token-classification model in ONNX form. Knows nothing of how it came about.

import { z } from "zod";
import { ConfigError } from "../../../../core/errors.ts";
import { describeNames } from "../../../../core/nearest.ts";
import { encodingOptions } from "../../../../data/encoding.ts";
import { askForEntities, NO_ENTITY } from "../../../../data/entities.ts";
import { isFolderWithoutOnnx } from "../../../../text/onnx-place.ts";
import {
  type LoadTransformers,
  loadTransformers,
  openTagger,
  type Tagging,
} from "../../../../text/optional-transformers.ts";
import { createAnswerLikelihoods } from "../../../answer-likelihoods.ts";
import { openSession } from "../../../session.ts";
import { defineJudge, type Judge, type JudgeStart } from "./judge.ts";

const types = z.array(z.string().min(1));

const taggerOptions = z
  .strictObject({
    model: z
      .string()
      .min(1)
      .describe(
        "folder of a language model taught to answer a text and a type with its entities or `none`; or a token-classification model (folder or file of ONNX, hub id), which @huggingface/transformers runs",
      ),
    types: types.nonempty().describe("types of entity that must go, as the tagger calls them"),
    otherTypes: types
      .default([])
      .describe(
        "types that may stay, where the revealing model is a tagger itself: what it asks for these is no matter",
      ),
    encoding: encodingOptions
      .prefault({})
      .describe("how the language model was asked in training, where that was not the default"),
  })
  .refine((given) => !given.otherTypes.some((type) => given.types.includes(type)), {
    message: "a type must go or may stay, not both",
    path: ["otherTypes"],
  });

export const tagger = defineJudge({
  name: "tagger",
  summary: "how sure a tagger is that a text names an entity of one of the types",
  options: taggerOptions,
  open: (options, start) => openTaggerJudge(options, start),
});

/** What is looked for in a text, and where. */
interface Sought {
  readonly text: string;
  readonly type: string;
}

/** How sure it is of each, 0 to 1. */
interface Finder extends Disposable {
  find(sought: readonly Sought[], signal?: AbortSignal): Promise<number[]>;
}

/**
 * A text's score is the highest of its types'. With a language model that is 1 − P(none, end | text, type); with a token-classification model the highest
 * probability of a token whose likeliest class is of the type, 0 where there is none.
 * @throws ConfigError for a type that a token-classification model does not know; LetheError for a model that cannot be opened
 */
export async function openTaggerJudge(
  options: z.output<typeof taggerOptions>,
  { session, report, signal }: Pick<JudgeStart, "session" | "report" | "signal">,
  load: LoadTransformers<Tagging> = loadTransformers,
): Promise<Judge> {
  const { model, encoding } = options;
  const finder = isFolderWithoutOnnx(model)
    ? byAnswers(await openSession(model, { device: "cpu", encoding, report, signal }))
    : await byTokens(options, load);
  const { separator = "\n\n" } = session.encoding;
  return {
    async score(texts, stop) {
      const sought = texts.map((text) => soughtIn(text, { ...options, separator }));
      const found = (await finder.find(sought.flat(), stop)).values();
      return sought.map((each) => Math.max(0, ...each.map(() => found.next().value as number)));
    },
    [Symbol.dispose]: () => finder[Symbol.dispose](),
  };
}

/**
 * What to look for in a revealed text. A text of a tagger's own asks already, in the last line before the separator: it is looked at for that type alone, and not for
 * what it answers. Any other is put on one line and looked at for each type; one without words for none.
 */
export function soughtIn(
  text: string,
  { types, otherTypes, separator }: { types: readonly string[]; otherTypes: readonly string[]; separator: string },
): Sought[] {
  const question = (separator === "" ? text : (text.split(separator, 1)[0] as string)).trim();
  const border = question.lastIndexOf("\n");
  const asked = question.slice(border + 1);
  const ownText = border >= 0 && [...types, ...otherTypes].includes(asked);
  const line = (ownText ? question.slice(0, border) : text).replace(/\s+/g, " ").trim();
  if (line === "") return [];
  return types.filter((type) => !ownText || type === asked).map((type) => ({ text: line, type }));
}

function byAnswers(session: Awaited<ReturnType<typeof openSession>>): Finder {
  const likelihoods = createAnswerLikelihoods(session);
  return {
    async find(sought, signal) {
      const asked = sought.map(({ text, type }) => ({
        text,
        question: (fitting: string) => askForEntities(fitting, type),
        answer: NO_ENTITY,
      }));
      return (await likelihoods(asked, signal)).map((none) => -Math.expm1(none));
    },
    [Symbol.dispose]: () => session[Symbol.dispose](),
  };
}

async function byTokens(
  { model, types, otherTypes }: z.output<typeof taggerOptions>,
  load: LoadTransformers<Tagging>,
): Promise<Finder> {
  const tagger = await openTagger(model, load);
  const known = tagger.types;
  const unknown = known && [...types, ...otherTypes].find((type) => !known.includes(type));
  if (known && unknown !== undefined) {
    tagger[Symbol.dispose]();
    throw new ConfigError(`the tagger ${model} knows no type "${unknown}"`, {
      place: { key: "source.judge.types" },
      hint: describeNames(unknown, known),
    });
  }
  return {
    async find(sought, signal) {
      const texts = [...new Set(sought.map(({ text }) => text))];
      const tagged = await tagger.tag(texts, signal);
      const tokensOf = new Map(texts.map((text, i) => [text, tagged[i] ?? []]));
      return sought.map(({ text, type }) =>
        Math.max(0, ...(tokensOf.get(text) ?? []).filter((token) => token.type === type).map(({ score }) => score)),
      );
    },
    [Symbol.dispose]: () => tagger[Symbol.dispose](),
  };
}
