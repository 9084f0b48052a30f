// Lethe's own version, from package.json two folders up, in the source tree and in the built package alike.

import { readFileSync } from "node:fs";

const packageJson = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

export const version: string = packageJson.version;
