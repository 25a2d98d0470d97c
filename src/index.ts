export { type BuildPlanOptions, buildPlan } from './client/build-plan.ts';
export { type DefineRunOptions, defineRun } from './client/define-run.ts';
export type { CompletedEvent, RunEvent, StageEvent } from './client/run-events.ts';
export { type RunHandle, type StartRunOptions, startRun } from './client/run-handle.ts';
export type { MatchReport, Plan, StagePlan, TrainableMask } from './contracts/plan.ts';
export { type ErrorCode, RootstockError } from './errors.ts';
export { defineModel } from './models/define-model.ts';
export type { ForwardContext, InputFacts, ModelDefinition, Params } from './models/definition.ts';
export { type CreateWorkerOptions, createWorker, type RootstockWorker } from './worker/create-worker.ts';
