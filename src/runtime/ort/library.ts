// Where ONNX Runtime's shared library is on this machine, and why that one. Does not open it.

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { RuntimeFailure } from "../../core/errors.ts";

export interface LibraryChoice {
  readonly file: string;
  readonly why: string;
}

const fileNames: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  linux: "libonnxruntime.so.1",
  darwin: "libonnxruntime.1.dylib",
  win32: "onnxruntime.dll",
};

/**
 * The library named by LETHE_ORT_LIBRARY, or the one inside the package onnxruntime-node for this platform.
 * Throws RuntimeFailure when there is none.
 */
export function chooseLibrary(
  environment: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
  arch: string = process.arch,
): LibraryChoice {
  const override = environment.LETHE_ORT_LIBRARY;
  if (override) {
    if (existsSync(override)) return { file: override, why: "LETHE_ORT_LIBRARY" };
    throw new RuntimeFailure(`LETHE_ORT_LIBRARY names ${override}, which does not exist`, {
      place: { file: override },
      hint: "Correct the path, or unset the variable to use the library that comes with onnxruntime-node.",
    });
  }
  const name = fileNames[platform];
  const file = name && join(packageFolder(), "bin", "napi-v6", platform, arch, name);
  if (file && existsSync(file)) return { file, why: "the package onnxruntime-node" };
  throw new RuntimeFailure(`onnxruntime-node has no ONNX Runtime for ${platform} ${arch}`, {
    hint: "It comes for linux x64 and arm64, macOS arm64, and Windows x64 and arm64. Elsewhere build ONNX Runtime 1.30 or newer and put the path of the library in LETHE_ORT_LIBRARY.",
  });
}

function packageFolder(): string {
  const require = createRequire(import.meta.url);
  try {
    return dirname(require.resolve("onnxruntime-node/package.json"));
  } catch (cause) {
    throw new RuntimeFailure("the package onnxruntime-node is not installed", {
      cause,
      hint: "Run npm install, or put the path of ONNX Runtime's library in LETHE_ORT_LIBRARY.",
    });
  }
}
