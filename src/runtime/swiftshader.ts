// A GPU made of CPU, for tests: SwiftShader, which comes with Chromium. It must be in a process's environment before it starts.

import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface SwiftShader {
  /** What a child process needs in its environment to find it; undefined when it is not on this machine. */
  readonly environment: Readonly<Record<string, string>> | undefined;
  /** Why not, for a skipped test; empty when found. */
  readonly missing: string;
}

/** Looks where Debian's package chromium puts it, or in LETHE_SWIFTSHADER. */
export function findSwiftShader(): SwiftShader {
  const folder = process.env.LETHE_SWIFTSHADER ?? "/usr/lib/chromium";
  const driver = join(folder, "vk_swiftshader_icd.json");
  if (!existsSync(driver)) {
    return { environment: undefined, missing: `no SwiftShader in ${folder} (Debian: package chromium)` };
  }
  const environment = {
    VK_ICD_FILENAMES: driver,
    LD_LIBRARY_PATH: [folder, process.env.LD_LIBRARY_PATH].filter(Boolean).join(":"),
    XDG_RUNTIME_DIR: mkdtempSync(join(tmpdir(), "lethe-xdg-")),
  };
  return { environment, missing: "" };
}
