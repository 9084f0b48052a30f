// A llama2.c model (.bin and its tokenizer) as a Hugging Face folder, so that the real loader reads it. Float32, legacy header.
// llama2.c rotates neighbouring pairs of a head, Hugging Face the two halves, so rows of q and k change places.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TensorToWrite, writeModelFolder } from "../../src/weights/index.ts";

/** Writes the folder `target`, which must not exist. */
export async function convertLlama2c(modelFile: string, tokenizerFile: string, target: string): Promise<void> {
  const { config, tensors } = readModel(modelFile);
  await writeModelFolder(target, { config, tensors });
  mkdirSync(target, { recursive: true });
  const json = readTokenizer(tokenizerFile, config.vocab_size);
  writeFileSync(join(target, "tokenizer.json"), JSON.stringify(json));
  const special = {
    bos_token: "<s>",
    eos_token: "</s>",
    unk_token: "<unk>",
    add_bos_token: true,
    add_eos_token: false,
  };
  writeFileSync(
    join(target, "tokenizer_config.json"),
    JSON.stringify({ tokenizer_class: "LlamaTokenizer", ...special }),
  );
}

function readModel(file: string) {
  const bytes = readFileSync(file);
  const header = Array.from({ length: 7 }, (_, i) => bytes.readInt32LE(4 * i));
  const [dim, hidden, layers, heads, kvHeads, vocabulary, positions] = header as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (vocabulary <= 0) throw new Error("the output projection is not shared: not converted here");
  const headDim = dim / heads;
  const floats = new Float32Array(bytes.buffer.slice(bytes.byteOffset + 28, bytes.byteOffset + bytes.length));
  let next = 0;
  const take = (...shape: number[]) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const data = floats.slice(next, next + size);
    next += size;
    return { shape, data };
  };
  const perLayer = (...shape: number[]) => Array.from({ length: layers }, () => take(...shape));
  const byName: Record<string, { shape: number[]; data: Float32Array }> = {};
  const layerNames = (name: string, list: ReturnType<typeof perLayer>) => {
    for (const [i, tensor] of list.entries()) byName[`model.layers.${i}.${name}.weight`] = tensor;
  };
  byName["model.embed_tokens.weight"] = take(vocabulary, dim);
  layerNames("input_layernorm", perLayer(dim));
  layerNames(
    "self_attn.q_proj",
    perLayer(dim, dim).map((tensor) => halvesApart(tensor, headDim)),
  );
  layerNames(
    "self_attn.k_proj",
    perLayer(kvHeads * headDim, dim).map((tensor) => halvesApart(tensor, headDim)),
  );
  layerNames("self_attn.v_proj", perLayer(kvHeads * headDim, dim));
  layerNames("self_attn.o_proj", perLayer(dim, dim));
  layerNames("post_attention_layernorm", perLayer(dim));
  layerNames("mlp.gate_proj", perLayer(hidden, dim));
  layerNames("mlp.down_proj", perLayer(dim, hidden));
  layerNames("mlp.up_proj", perLayer(hidden, dim));
  byName["model.norm.weight"] = take(dim);
  // What follows are rotary tables, positions × headDim.
  if (next + positions * headDim !== floats.length)
    throw new Error(`${file} has ${floats.length} numbers, not as its header says`);
  const config = {
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    hidden_size: dim,
    intermediate_size: hidden,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: kvHeads,
    vocab_size: vocabulary,
    max_position_embeddings: positions,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
    hidden_act: "silu",
    tie_word_embeddings: true,
    bos_token_id: 1,
    eos_token_id: 2,
  };
  const tensors = Object.entries(byName).map(
    ([name, { shape, data }]): TensorToWrite => ({ name, dtype: "F32", shape, data }),
  );
  return { config, tensors };
}

/** Rows of each head in the order 0, 2, 4 … 1, 3, 5 …. */
function halvesApart({ shape, data }: { shape: number[]; data: Float32Array }, headDim: number) {
  const [rows, columns] = shape as [number, number];
  const moved = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    const within = row % headDim;
    const from = row - within + (within < headDim / 2 ? 2 * within : 2 * within - headDim + 1);
    moved.set(data.subarray(from * columns, (from + 1) * columns), row * columns);
  }
  return { shape, data: moved };
}

/** tok512.bin: longest token, then (score, length, bytes) per token. Better scores merge first, so every way to split a token becomes a merge. */
function readTokenizer(file: string, size: number) {
  const bytes = readFileSync(file);
  const pieces: { text: string; score: number }[] = [];
  for (let at = 4, id = 0; id < size; id++) {
    const length = bytes.readInt32LE(at + 4);
    const text = bytes.toString("utf8", at + 8, at + 8 + length);
    const special = ["<unk>", "<s>", "</s>"][id];
    pieces.push({ text: special ?? text.replaceAll(" ", "▁"), score: bytes.readFloatLE(at) });
    at += 8 + length;
  }
  const vocab = Object.fromEntries(pieces.map(({ text }, id) => [text, id]));
  const merges = pieces.slice(3).flatMap(({ text, score }) => {
    const characters = [...text];
    const splits = characters
      .slice(1)
      .map((_, i): [string, string] => [characters.slice(0, i + 1).join(""), characters.slice(i + 1).join("")]);
    return splits.filter(([a, b]) => a in vocab && b in vocab).map((pair) => ({ pair, score }));
  });
  const token = (id: number, content: string) => ({
    id,
    content,
    special: true,
    normalized: false,
    lstrip: false,
    rstrip: false,
    single_word: false,
  });
  return {
    version: "1.0",
    added_tokens: [token(0, "<unk>"), token(1, "<s>"), token(2, "</s>")],
    normalizer: {
      type: "Sequence",
      normalizers: [
        { type: "Prepend", prepend: "▁" },
        { type: "Replace", pattern: { String: " " }, content: "▁" },
      ],
    },
    pre_tokenizer: null,
    post_processor: {
      type: "TemplateProcessing",
      single: [{ SpecialToken: { id: "<s>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
      pair: [
        { SpecialToken: { id: "<s>", type_id: 0 } },
        { Sequence: { id: "A", type_id: 0 } },
        { Sequence: { id: "B", type_id: 1 } },
      ],
      special_tokens: { "<s>": { id: "<s>", ids: [1], tokens: ["<s>"] } },
    },
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: "▁" }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
        { type: "Strip", content: " ", start: 1, stop: 0 },
      ],
    },
    model: {
      type: "BPE",
      unk_token: "<unk>",
      fuse_unk: true,
      byte_fallback: true,
      vocab,
      merges: merges.sort((a, b) => b.score - a.score).map(({ pair }) => pair),
    },
  };
}
