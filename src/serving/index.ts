// Serving's public face: models behind OpenAI's HTTP interface.

export { createServerApp, defaultLimits, type ServerApp, type ServerAppOptions, type ServerLimits } from "./app.ts";
export { type ListenOptions, listen, type RunningServer } from "./http-server.ts";
export { createKeyRing, hashKey, type KeyRing, keysFile } from "./keys.ts";
export { createLocalModel, type LocalModelOptions } from "./local-model.ts";
export type { Finish, ServedModel, TokenChoice, TokenEvent, TokenRequest } from "./served-model.ts";
export { createSteeredModel, type SteeredModelOptions } from "./steered-model.ts";
