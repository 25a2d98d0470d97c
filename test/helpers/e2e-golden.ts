import { MockActivityEnvironment } from '@temporalio/testing';
import { createActivities } from '../../activities/create-activities.ts';
import { openFsStore } from '../../src/artifacts/fs-store.ts';
import type { JsonObject } from '../../src/contracts/json.ts';
import type { StageActivities, StageResult } from '../../src/contracts/stage-activities.ts';
import { stateLayout } from '../../src/contracts/state-directory.ts';
import { loadModels, toModuleUrls } from '../../src/models/load-models.ts';
import { readRunFile } from '../../src/planner/run-file.ts';
import { createTrainers, type Trainers } from '../../src/trainer-client/trainers.ts';
import { runStages } from '../../workflows/run-stages.ts';
import { type CommittedStep, readCommitted } from './e2e-samples.ts';
import { MODEL_MODULE, makeWorkspace, removeWorkspace } from './e2e-workspace.ts';

/** What an undisturbed run ends with. */
export interface Golden {
  readonly weightsSha256: string;
  readonly stages: readonly (StageResult & { readonly log: readonly CommittedStep[] })[];
}

const known = new Map<string, Promise<Golden>>();

/**
 * Computes what a run has to end with: its activities called one after the other in this process, without Temporal and undisturbed (the
 * trainers are real, a new one for every job). Once per test process and run document.
 */
export function goldenOf(run: JsonObject): Promise<Golden> {
  const key = JSON.stringify(run);
  const found = known.get(key) ?? compute(run);
  known.set(key, found);
  return found;
}

async function compute(run: JsonObject): Promise<Golden> {
  const workspace = await makeWorkspace(undefined, run);
  try {
    const register = toModuleUrls([MODEL_MODULE]);
    const models = await loadModels(register);
    const store = await openFsStore(stateLayout(workspace.stateDir).store);
    const activities = outsideTemporal(
      createActivities({
        store,
        stateDir: workspace.stateDir,
        models,
        register,
        trainers: eachOnce(createTrainers({ room: () => ({ cores: 1, availableBytes: 0 }) })),
      }),
    );
    const document = await readRunFile(workspace.runFile, { models });
    const summary = await activities.plan({ run: document, expectedPlanDigest: null });
    const loaded = await activities.load({ plan: summary.plan });
    const matched = await activities.match({ plan: summary.plan, preTrained: loaded.preTrained });
    const quiet = { onStep: () => undefined, onMiss: () => undefined, onDone: async () => undefined };
    const input = { summary, data: loaded.data, initialWeights: matched.weights, finished: [] };
    const stages = await runStages(input, activities, quiet);
    return {
      weightsSha256: stages.at(-1)?.weights.digest ?? '',
      stages: await Promise.all(stages.map(async (stage) => ({ ...stage, log: await readCommitted(workspace.stateDir, stage.stageKey) }))),
    };
  } finally {
    await removeWorkspace(workspace);
  }
}

/** Trainers that do one job each. */
function eachOnce(trainers: Trainers): Trainers {
  return { ...trainers, start: (backend, makeJob, onMessage) => trainers.start(backend, makeJob, onMessage) };
}

/** Activities that a test calls as functions; each call gets a context of its own. */
function outsideTemporal({ io, train }: ReturnType<typeof createActivities>): StageActivities {
  const run = <I, O>(activity: (input: I) => Promise<O>) => {
    return (input: I): Promise<O> => new MockActivityEnvironment().run(activity, input);
  };
  return {
    plan: run(io.plan),
    load: run(io.load),
    match: run(io.match),
    freeze: run(io.freeze),
    checkpoint: run(io.checkpoint),
    train: run(train.train),
    publish: run(train.publish),
  };
}
