import type { TestContext } from 'node:test';
import type { Info } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createActivities } from '../../activities/create-activities.ts';
import type { ActivityDependencies } from '../../activities/dependencies.ts';
import { openFsStore } from '../../src/artifacts/fs-store.ts';

import type { JsonObject } from '../../src/contracts/json.ts';
import type { Ref } from '../../src/contracts/refs.ts';
import type {
  CheckpointInput,
  FreezeResult,
  LoadResult,
  MatchResult,
  PlanSummary,
  RunDocument,
  StageActivities,
  TrainInput,
} from '../../src/contracts/stage-activities.ts';
import { stateLayout } from '../../src/contracts/state-directory.ts';
import { loadModels, toModuleUrls } from '../../src/models/load-models.ts';
import { readRunFile } from '../../src/planner/run-file.ts';
import { createTrainers } from '../../src/trainer-client/trainers.ts';
import type { RunObserver, StageSteps } from '../../workflows/run-stages.ts';
import { MODEL_MODULE, makeWorkspace, runDocument, type Workspace } from '../helpers/e2e-workspace.ts';

/** The run of the end-to-end tests with some of the base trainer section changed. */
export function documentWith(trainer: JsonObject, more: JsonObject = {}): JsonObject {
  const document = { ...runDocument(), ...more } as unknown as { readonly model: { readonly config: { readonly trainer: JsonObject } } };
  const { config } = document.model;
  return { ...document, model: { ...document.model, config: { ...config, trainer: { ...config.trainer, ...trainer } } } };
}

/** A workspace whose activities a test calls as functions, on a real store and with real trainers. */
export interface ActivityRun extends Workspace {
  readonly deps: ActivityDependencies;
  readonly document: RunDocument;
}

/** Makes one; its files go with the test. */
export async function makeRun(t: TestContext, run: JsonObject = runDocument()): Promise<ActivityRun> {
  const workspace = await makeWorkspace(t, run);
  const register = toModuleUrls([MODEL_MODULE]);
  const models = await loadModels(register);
  const store = await openFsStore(stateLayout(workspace.stateDir).store);
  const trainers = createTrainers({ room: () => ({ cores: 1, availableBytes: 0 }) });
  t.after(() => trainers.close());
  const deps = { store, stateDir: workspace.stateDir, models, register, trainers };
  return { ...workspace, deps, document: await readRunFile(workspace.runFile, { models }) };
}

/** One attempt of an activity, in an environment of its own: once cancelled it stays so. */
export interface Attempt extends StageActivities {
  readonly env: MockActivityEnvironment;
  /** Details of the heartbeats sent so far. */
  readonly heartbeats: unknown[];
}

/** Begins an attempt. `info` overrides what Temporal would say of it. */
export function attempt({ deps }: ActivityRun, info: Partial<Info> = {}): Attempt {
  const { io, train } = createActivities(deps);
  const env = new MockActivityEnvironment(info, { logger: new DefaultLogger('ERROR') }); // a failed attempt is a warning
  const heartbeats: unknown[] = [];
  env.on('heartbeat', (details: unknown) => heartbeats.push(details));
  const call = <I, O>(activity: (input: I) => Promise<O>) => {
    return (input: I): Promise<O> => env.run(activity, input);
  };
  return {
    env,
    heartbeats,
    plan: call(io.plan),
    load: call(io.load),
    match: call(io.match),
    freeze: call(io.freeze),
    checkpoint: call(io.checkpoint),
    train: call(train.train),
    publish: call(train.publish),
  };
}

/** The steps of a stage as a caller without retries has them: each call is an attempt of its own. */
export function stepsOf(run: ActivityRun): StageSteps {
  return {
    freeze: (input) => attempt(run).freeze(input),
    train: (input) => attempt(run).train(input),
    checkpoint: (input) => attempt(run).checkpoint(input),
  };
}

/** Watches nothing. */
export const UNOBSERVED: RunObserver = { onStep: () => undefined, onMiss: () => undefined, onDone: async () => undefined };

/** What the activities before the first stage gave. */
export interface Prepared {
  readonly summary: PlanSummary;
  readonly loaded: LoadResult;
  readonly matched: MatchResult;
}

/** Plans, loads and matches. */
export async function prepare(run: ActivityRun): Promise<Prepared> {
  const summary = await attempt(run).plan({ run: run.document, expectedPlanDigest: null });
  const loaded = await attempt(run).load({ plan: summary.plan });
  const matched = await attempt(run).match({ plan: summary.plan, preTrained: loaded.preTrained });
  return { summary, loaded, matched };
}

/** Freezes a stage. */
export function freezeStage(
  run: ActivityRun,
  { summary, loaded }: Prepared,
  stage: { readonly index: number; readonly inputWeights: Ref | null },
): Promise<FreezeResult> {
  return attempt(run).freeze({ plan: summary.plan, stage: stage.index, data: loaded.data, inputWeights: stage.inputWeights });
}

/** Everything up to the training of a run's first stage. */
export interface ReadyToTrain extends Prepared {
  readonly frozen: FreezeResult;
  readonly input: TrainInput;
}

/** Prepares a run and freezes its first stage. */
export async function readyToTrain(run: ActivityRun): Promise<ReadyToTrain> {
  const prepared = await prepare(run);
  const { summary, loaded, matched } = prepared;
  const frozen = await freezeStage(run, prepared, { index: 0, inputWeights: matched.weights });
  const { stageKey, mask, inputWeights } = frozen;
  return { ...prepared, frozen, input: { plan: summary.plan, stage: 0, data: loaded.data, inputWeights, stageKey, mask } };
}

/** Trains the first stage. */
export async function trained(run: ActivityRun): Promise<ReadyToTrain & { readonly checkpointInput: CheckpointInput }> {
  const ready = await readyToTrain(run);
  const result = await attempt(run).train(ready.input);
  return { ...ready, checkpointInput: { ...ready.input, trained: result, frozenParameters: ready.frozen.frozenParameters } };
}
