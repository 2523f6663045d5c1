// The library: what a user's own recipe, step or script needs. Everything that the command does is a function here.

export { z } from "zod"
export { type ChatTemplate, type ChatTemplateOptions, openChatTemplate } from "./annotators/chat/chat-template.ts"
export { checkConversation } from "./annotators/chat/check-conversation.ts"
export type { Conversation, Message, ToolCall } from "./annotators/chat/conversation.ts"
export {
  type EncodedSample,
  encodeSample,
  type TokenSpan,
  type TrainingSample,
  untrained,
} from "./annotators/chat/encode-sample.ts"
export type { IdColumn, TextColumn } from "./annotators/chat/kernel.ts"
export { openTokenizer } from "./annotators/chat/open-tokenizer.ts"
export { type ParsedResponse, parseResponse } from "./annotators/chat/parse-response.ts"
export { renderConversation } from "./annotators/chat/render-conversation.ts"
export { assistantContent } from "./annotators/chat/think-block.ts"
export type { Tokenizer } from "./annotators/chat/tokenizer.ts"
export { Endpoint, type EndpointOptions } from "./annotators/endpoint/endpoint.ts"
export { openEndpoints } from "./annotators/endpoint/open-endpoints.ts"
export {
  correct,
  incorrect,
  type ProgramVerifier,
  type RuleVerifier,
  readOptions,
  unparsed,
  unverifiable,
  type Verifier,
  type VerifierInput,
} from "./annotators/verifiers/verifier.ts"
export { verifyAnswer } from "./annotators/verify-answer.ts"
export type { StepServices } from "./pipelines/catalogue.ts"
export { filterResponses } from "./pipelines/cold-start/filter-responses.ts"
export { quickStart } from "./pipelines/cold-start/quick-start.ts"
export { coldStart, responseFilters } from "./pipelines/cold-start/recipe.ts"
export type { HandoffOptions } from "./pipelines/export/handoff-options.ts"
export { type HandoffReport, type VerifyHandoffOptions, verifyHandoffs } from "./pipelines/export/verify-handoff.ts"
export { type HandoffResult, writeHandoff } from "./pipelines/export/write-handoff.ts"
export { importQuestions } from "./pipelines/io/import-questions.ts"
export { importSamples } from "./pipelines/io/import-samples.ts"
export { openParquet, ParquetSink, readParquet } from "./pipelines/io/parquet.ts"
export { modeFusion } from "./pipelines/mode-fusion/recipe.ts"
export { batchOf, rowReader, rowsOf } from "./pipelines/runtime/batch.ts"
export { type CleanOptions, type CleanResult, cleanRun } from "./pipelines/runtime/clean.ts"
export type { Effect, Effects, Performed, Settled, Usage } from "./pipelines/runtime/effect.ts"
export { CotyledonError, exitCode, RowError, stopError, usageError } from "./pipelines/runtime/errors.ts"
export { planRun, type RunPlan } from "./pipelines/runtime/plan.ts"
export type { Interval, Projection } from "./pipelines/runtime/projection.ts"
export { readManifest } from "./pipelines/runtime/publish.ts"
export {
  defineRecipe,
  type Export,
  type Host,
  type Paid,
  type Pipeline,
  type Recipe,
} from "./pipelines/runtime/recipe.ts"
export { type RunOptions, type RunResult, run } from "./pipelines/runtime/run.ts"
export type { Imported, ImportStage, MapStage, ReduceStage, Stage } from "./pipelines/runtime/stage.ts"
export { type RunStatus, readStatus, StatusReader } from "./pipelines/runtime/status.ts"
export type {
  Bound,
  Fate,
  Kernel,
  KernelStep,
  ProgramStep,
  Reason,
  Row,
  RowStep,
  Side,
  Step,
  Tally,
} from "./pipelines/runtime/step.ts"
export { type WorkOptions, work } from "./pipelines/runtime/work.ts"
export * from "./schemas/columns.ts"
export { type ColdStartConfig, coldStartConfig } from "./schemas/config.ts"
export { type Event, event } from "./schemas/event.ts"
export { type FusedSample, fusedSample } from "./schemas/fused-sample.ts"
export { type HandoffManifest, handoffManifest } from "./schemas/handoff-manifest.ts"
export { type Manifest, manifest } from "./schemas/manifest.ts"
export { type ModeFusionConfig, modeFusionConfig } from "./schemas/mode-fusion-config.ts"
export { type Question, question } from "./schemas/question.ts"
export { type Group, group, type Rollout, rollout } from "./schemas/rollout.ts"
export { type Sample, sample } from "./schemas/sample.ts"
export type { Verdict } from "./schemas/verdict.ts"
