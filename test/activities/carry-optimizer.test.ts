import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import test from 'node:test';
import { newestLease } from '../../src/artifacts/leases.ts';
import { loadOptimizerState } from '../../src/artifacts/optimizer-state.ts';
import { findNewestSnapshot } from '../../src/artifacts/snapshots.ts';
import { loadTrainingState } from '../../src/artifacts/training-state.ts';
import type { JsonObject } from '../../src/contracts/json.ts';
import type { StageResult, TrainInput } from '../../src/contracts/stage-activities.ts';
import { readRunFile } from '../../src/planner/run-file.ts';
import { runStages, type StageSteps } from '../../workflows/run-stages.ts';
import { MODEL_ENV } from '../helpers/e2e-model.ts';
import { lastLoggedStep } from '../helpers/e2e-samples.ts';
import { until } from '../helpers/e2e-wait.ts';
import { runDocument } from '../helpers/e2e-workspace.ts';
import { type ActivityRun, attempt, makeRun, prepare, stepsOf, UNOBSERVED } from './support.ts';

/** Both stages train the body's last layers; groups, a plateau that cuts the rate, and the optimizer handed on. */
function carrying(second: JsonObject = {}): JsonObject {
  const document = runDocument() as unknown as { readonly model: { readonly config: JsonObject } };
  const { config } = document.model;
  const transfer = config['transfer_learning'] as JsonObject;
  const stages = [
    { name: 'head', freeze_modules: ['module.0', 'module.1'], carry_optimizer: 'matching' },
    { name: 'everything', optimizer: { config: { lr: 0.004 } }, ...second },
  ];
  return {
    ...document,
    model: {
      ...document.model,
      config: {
        ...config,
        trainer: { ...(config['trainer'] as JsonObject), max_epochs: 2 },
        optimizer: { name: 'AdamW', config: { lr: 0.01 }, no_weight_decay: true },
        scheduler: { name: 'ReduceLROnPlateau', config: { factor: 0.5, patience: 0, threshold: 0.9 }, warmup: { steps: 4 } },
        transfer_learning: { ...transfer, stages },
      },
    },
  };
}

/** Runs all stages; with `killAt`, each stage's trainer is killed once when it has logged that step. */
async function runAll(run: ActivityRun, killAt: number | null): Promise<readonly StageResult[]> {
  const { summary, loaded, matched } = await prepare(run);
  const steps: StageSteps = {
    ...stepsOf(run),
    async train(input) {
      if (killAt !== null) await killedOnce(run, input, killAt);
      return attempt(run).train(input);
    },
  };
  return runStages({ summary, data: loaded.data, initialWeights: matched.weights, finished: [] }, steps, UNOBSERVED);
}

async function killedOnce(run: ActivityRun, input: TrainInput, step: number): Promise<void> {
  const failed = assert.rejects(attempt(run).train(input), { type: 'TRAINER_DIED', nonRetryable: false });
  await until(async () => (await lastLoggedStep(run.stateDir, input.stageKey)) >= step, `step ${step}`);
  process.kill((await newestLease(run.deps.store, input.stageKey))?.lease.pid ?? 0, 'SIGKILL');
  await failed;
}

test('stages that hand on their optimizer end alike with killed trainers and without, and from a reused stage', async (t) => {
  process.env[MODEL_ENV.delay] = '0';
  const quiet = await makeRun(t, carrying());
  const expected = await runAll(quiet, null);
  const [first, second] = expected;
  assert.ok(first?.optimizerState !== undefined && second !== undefined);
  assert.equal(second.optimizerState, undefined, 'the last stage hands nothing on');
  const { steps } = await loadOptimizerState(quiet.deps.store, first.optimizerState);
  assert.deepEqual([...new Set(steps.values())], [first.steps]);
  const end = await newestState(quiet, second);
  const carried = [...steps.keys()];
  for (const [path, count] of Object.entries(end.counters.parameterSteps)) {
    assert.equal(count, carried.includes(path) ? first.steps + second.steps : second.steps, path);
  }
  assert.ok((end.monitor.plateau?.rates[0] ?? 1) < 0.004, 'the plateau has cut the rate');

  process.env[MODEL_ENV.delay] = '25'; // slow enough to be hit at a step
  const disturbed = await makeRun(t, carrying());
  const killed = await runAll(disturbed, 23);
  assert.deepEqual(killed, expected);

  process.env[MODEL_ENV.delay] = '0';
  const again = await rewritten(disturbed, carrying({ trainer: { max_epochs: 3 } }));
  const [reused, longer] = await runAll(again, null);
  assert.deepEqual(reused, { ...first, cached: true });
  assert.equal(longer?.cached, false);
  assert.equal((await newestState(again, longer)).counters.parameterSteps[carried[0] ?? ''], first.steps + (longer?.steps ?? 0));

  // The same second stage from a fresh optimizer is another stage.
  const reset = await rewritten(disturbed, withoutCarry());
  const [, fresh] = await runAll(reset, null);
  assert.notEqual(fresh?.stageKey, second.stageKey);
  assert.notEqual(fresh?.weights.digest, second.weights.digest);
});

function withoutCarry(): JsonObject {
  return JSON.parse(JSON.stringify(carrying()).replace('"carry_optimizer":"matching"', '"carry_optimizer":"reset"')) as JsonObject;
}

async function rewritten(run: ActivityRun, document: JsonObject): Promise<ActivityRun> {
  await writeFile(run.runFile, JSON.stringify(document));
  return { ...run, document: await readRunFile(run.runFile, { models: run.deps.models }) };
}

async function newestState(run: ActivityRun, stage: StageResult | undefined) {
  assert.ok(stage !== undefined);
  const snapshot = await findNewestSnapshot(run.deps.store, stage.stageKey);
  assert.ok(snapshot !== undefined);
  return loadTrainingState(run.deps.store, stage.stageKey, snapshot);
}
