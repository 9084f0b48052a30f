// What reporting offers: a run folder read, judged, and shown as a page or as text.
export { type Comparison, type ComparisonGroup, type ComparisonRow, compare } from "./comparison.ts";
export { type EvaluationPage, renderEvaluationPage } from "./evaluation-page.ts";
export { renderReport } from "./report.ts";
export {
  type RunOptions,
  reportPath,
  runTrain,
  runUnlearn,
  train,
  trainRun,
  unlearn,
  unlearnRun,
  writeReport,
} from "./reported-run.ts";
export { type RunSummary, readRunFolder } from "./run-folder.ts";
export { renderSummary } from "./text-summary.ts";
export { renderTable } from "./text-table.ts";
export { type Verdict, verdict } from "./verdict.ts";
