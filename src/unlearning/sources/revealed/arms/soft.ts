// Soft prompts (INSTINCT, 2310.02905; seeds.md §3.2): a point of a low-dimensional Sobol sequence, sent by a fixed random projection to a few token embeddings that no
// text has. What the model says behind them is the text, or, where it follows instructions, writes the instruction. Knows nothing of rewards.

import { z } from "zod";
import type { Random } from "../../../../core/random.ts";
import { type BatchDecoder, generate } from "../../../../generation/index.ts";
import type { Model } from "../../../../models/model.ts";
import { embeddingRows, withSoftTokens } from "../../../../models/soft-tokens.ts";
import type { Session } from "../../../session.ts";
import { type Instruction, promptOf } from "../instruction.ts";
import { largestDimensions, sobolPoints } from "./sobol.ts";

export const softOptions = z.strictObject({
  points: z.number().int().positive().default(1000).describe("soft prompts in all; INSTINCT has 10,000"),
  dimensions: z.number().int().min(1).max(largestDimensions).default(10),
  tokens: z.number().int().positive().default(5).describe("soft tokens of a prompt"),
  writes: z
    .enum(["text", "instruction"])
    .optional()
    .describe(
      "what the model says behind them: a text that is judged, or an instruction that is then asked (the default for chat templates)",
    ),
  lead: z
    .string()
    .default("The instruction was to")
    .describe("behind the soft tokens where an instruction is to be written"),
});
export type SoftOptions = z.output<typeof softOptions>;

type Asked = Pick<Session, "model" | "tokenizer" | "encoding">;

const writesInstructions = ({ writes }: SoftOptions, { encoding }: Pick<Session, "encoding">) =>
  (writes ?? (encoding.template === "chat" ? "instruction" : "text")) === "instruction";

/** One instruction per point. Their tokens are those that `softModel` gives the model. */
export function softInstructions(options: SoftOptions, session: Asked): Instruction[] {
  const { points, tokens, lead } = options;
  const { vocabularySize } = session.model.config;
  const after = writesInstructions(options, session)
    ? Array.from(session.tokenizer.encode(lead, { addSpecialTokens: false }))
    : [];
  return Array.from({ length: points }, (_, point) => {
    const soft = Array.from({ length: tokens }, (_, token) => vocabularySize + point * tokens + token);
    return { text: `soft prompt ${point + 1}`, form: "soft", origin: "soft", ids: [...soft, ...after] };
  });
}

/** Tokens of an instruction that the model writes. */
const instructionTokens = 64;

/**
 * Soft prompts as what the model makes of them where it writes instructions: the first sentence that it finds most likely, a question of the user's from then on.
 * Anything else is as it was, and so is a soft prompt that gives no words. Each is written once.
 */
export function createWriter(decoder: BatchDecoder, session: Asked, options: SoftOptions) {
  const written = new Map<string, Instruction>();
  const writes = writesInstructions(options, session);
  return async (instructions: readonly Instruction[], signal?: AbortSignal): Promise<readonly Instruction[]> => {
    const missing = new Map<string, Instruction>();
    for (const each of instructions)
      if (writes && each.form === "soft" && !written.has(each.text)) missing.set(each.text, each);
    const said = await generate(
      decoder,
      [...missing.values()].map((each) => promptOf(each, session)),
      { tokenizer: session.tokenizer, stopIds: session.tokenizer.endIds, maxNewTokens: instructionTokens, signal },
    );
    for (const [i, each] of [...missing.values()].entries()) {
      const text = firstSentence(said[i]?.text ?? "");
      written.set(each.text, text === "" ? each : { text, form: "question", origin: "soft" });
    }
    return instructions.map((each) => (each.form === "soft" ? written.get(each.text) : undefined) ?? each);
  };
}

export const firstSentence = (text: string): string => (/^.*?[.!?](?=\s|$)|^.*/u.exec(text.trim())?.[0] ?? "").trim();

/** The model with their tokens, as long as the vectors of its own are: their mean norm. */
export async function softModel(
  model: Model,
  { points, dimensions, tokens }: SoftOptions,
  random: Random,
): Promise<Model> {
  const { rows, width } = await embeddingRows(model);
  const norm = meanNorm(rows, width);
  const draw = random.fork("projection");
  const projection = Float64Array.from({ length: tokens * width * dimensions }, () => 2 * draw.uniform() - 1);
  const vectors = new Float32Array(points * tokens * width);
  for (const [point, z] of sobolPoints(points, dimensions, random.fork("points")).entries()) {
    for (let token = 0; token < tokens; token++) {
      const at = (point * tokens + token) * width;
      const vector = vectors.subarray(at, at + width);
      for (let i = 0; i < width; i++) {
        const row = (token * width + i) * dimensions;
        vector[i] = z.reduce((sum, x, k) => sum + x * (projection[row + k] as number), 0);
      }
      const scale = norm / Math.hypot(...vector);
      for (let i = 0; i < width; i++) vector[i] = (vector[i] as number) * scale;
    }
  }
  return withSoftTokens(model, vectors);
}

function meanNorm(rows: Float32Array, width: number): number {
  let sum = 0;
  for (let at = 0; at < rows.length; at += width) sum += Math.hypot(...rows.subarray(at, at + width));
  return sum / (rows.length / width);
}
