// Unlearning's public face: runs, their configurations, and the tables of objectives and scopes.

export { type TrainConfig, trainConfig, type UnlearnConfig, unlearnConfig } from "./config.ts";
export type { Evaluator, RunContext } from "./context.ts";
export { listMethods, type MethodEntry, type Methods } from "./methods.ts";
export { type Objective, objectives } from "./objectives/index.ts";
export { type MeasuredCost, measureCosts } from "./objectives/measure.ts";
export { type Plan, plans } from "./plans/index.ts";
export { type Scope, scopes } from "./scopes/index.ts";
export { type MeasuredScope, measureScopes } from "./scopes/measure.ts";
export { checkModel, openSession, type Session } from "./session.ts";
export { type Source, sources } from "./sources/index.ts";
export { openSteeredSession } from "./steered-session.ts";
export { teach } from "./teach.ts";
export { unlearn } from "./unlearn.ts";
