// Where a model lies that @huggingface/transformers runs: on the hub, in a folder of this machine, or in an ONNX file named by itself.
// Knows file names; opens none of the files.

import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { ModelError } from "../core/errors.ts";

/** The arguments of that package's `from_pretrained` and `pipeline`. */
export interface OnnxPlace {
  readonly name: string;
  readonly options: OnnxOptions;
  /** For messages: what was given, and what it was taken for. */
  readonly description: string;
}

export interface OnnxOptions {
  /** Of the ONNX file in the folder; "" for the folder itself. */
  readonly subfolder?: string;
  /** Without its ending. */
  readonly model_file_name?: string;
  /** "fp32" adds nothing to the file's name. */
  readonly dtype?: "fp32";
  readonly local_files_only?: true;
}

/** Where exporters put the file: optimum beside config.json, models for that package in a folder of its own. */
const subfolders = ["onnx", ""] as const;

/** What that package reads beside it. */
const beside = ["config.json", "tokenizer.json", "tokenizer_config.json"] as const;

const isFolder = (path: string) => existsSync(path) && statSync(path).isDirectory();
const onnxIn = (folder: string) => (isFolder(folder) ? readdirSync(folder).filter(isOnnx).sort() : []);
const isOnnx = (name: string) => name.endsWith(".onnx");

/** True for a folder of this machine in which no ONNX file lies: a model for Lethe itself, if it is one. */
export const isFolderWithoutOnnx = (model: string): boolean =>
  isFolder(model) && subfolders.every((subfolder) => onnxIn(join(model, subfolder)).length === 0);

/**
 * What exists here is taken from here, anything else of the form `name` or `org/name` from the hub.
 * @throws ModelError for a path that is not there, a file that is no ONNX file, a folder that holds none or several to choose from, and one without config or tokenizer
 */
export function onnxPlace(model: string): OnnxPlace {
  if (isFolder(model)) return inFolder(model);
  if (existsSync(model)) return ofFile(model);
  if (!/^\w[\w.-]*(\/\w[\w.-]*)?$/.test(model) || isOnnx(model)) {
    throw new ModelError(`there is no model ${model}`, {
      hint: "Give a folder with an ONNX file, that file, or the id of a model on the hub such as org/name.",
      place: { file: model },
    });
  }
  return {
    name: model,
    options: {},
    description: `${model}, which is no folder or file here and so a model of the hub,`,
  };
}

function ofFile(file: string): OnnxPlace {
  if (!isOnnx(file)) {
    throw new ModelError(`${file} is no ONNX file`, {
      hint: "Give a file that ends in .onnx, or the folder it lies in.",
      place: { file },
    });
  }
  const own = dirname(resolve(file));
  const within = basename(own) === "onnx" && !existsSync(join(own, "config.json"));
  return placed(within ? dirname(own) : own, within ? "onnx" : "", basename(file), file);
}

function inFolder(folder: string): OnnxPlace {
  for (const subfolder of subfolders) {
    const files = onnxIn(join(folder, subfolder));
    const file = files.length === 1 ? files[0] : files.find((name) => name === "model.onnx");
    if (file !== undefined) return placed(resolve(folder), subfolder, file, folder);
    if (files.length > 0) {
      throw new ModelError(`${join(folder, subfolder)} holds ${files.length} ONNX files, none of them model.onnx`, {
        hint: `Name the one that is meant: ${files.map((name) => join(folder, subfolder, name)).join(", ")}.`,
        place: { file: folder },
      });
    }
  }
  throw new ModelError(`${folder} holds no ONNX file`, {
    hint: `Export the model: optimum-cli export onnx --model ${folder} <another folder>.`,
    place: { file: folder },
  });
}

function placed(folder: string, subfolder: string, file: string, given: string): OnnxPlace {
  const missing = beside.filter((name) => !existsSync(join(folder, name)));
  if (missing.length > 0) {
    throw new ModelError(`${given}: there is no ${missing.join(", ")} in ${folder}`, {
      hint: "An ONNX model needs the config and the tokenizer that it was exported with.",
      place: { file: given },
    });
  }
  const options = {
    subfolder,
    model_file_name: file.replace(/\.onnx$/, ""),
    dtype: "fp32",
    local_files_only: true,
  } as const;
  return { name: folder, options, description: given };
}
