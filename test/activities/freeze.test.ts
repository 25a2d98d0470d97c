import assert from 'node:assert/strict';
import test from 'node:test';
import { getJson } from '../../src/artifacts/json-blob.ts';
import { saveWeights } from '../../src/artifacts/safetensors/weights-blob.ts';
import { readKeyDocument } from '../../src/artifacts/stage-documents.ts';
import type { Plan, TrainableMask } from '../../src/contracts/plan.ts';
import { stageKey } from '../../src/plan/stage-key.ts';
import { readRunFile } from '../../src/planner/run-file.ts';
import { initialiseWeights } from '../../src/transfer/initialise.ts';
import { runDocument, writeRun } from '../helpers/e2e-workspace.ts';
import { type ActivityRun, attempt, freezeStage, makeRun, prepare, trained } from './support.ts';

/** The same workspace with another run file. */
async function withRunFile(run: ActivityRun, variation: Parameters<typeof runDocument>[0]): Promise<ActivityRun> {
  await writeRun(run.runFile, runDocument(variation));
  return { ...run, document: await readRunFile(run.runFile, { models: run.deps.models }) };
}

test('the stored mask is the stage plan, and the stage key is the digest of the recorded document', async (t) => {
  const run = await makeRun(t);
  const prepared = await prepare(run);
  const { store } = run.deps;
  const frozen = await freezeStage(run, prepared, { index: 0, inputWeights: prepared.matched.weights });
  const plan = await getJson<Plan>(store, prepared.summary.plan);
  const mask = await getJson<TrainableMask>(store, frozen.mask);
  assert.deepEqual(mask, plan.stages[0]?.mask);
  assert.ok(mask.frozen.length > 0 && mask.frozen.every((path) => /^module\.[01]\./u.test(path)));
  assert.deepEqual([frozen.frozenParameters, frozen.trainableParameters], [mask.frozenParameters, mask.trainableParameters]);
  const document = await readKeyDocument(store, frozen.stageKey);
  assert.ok(document !== undefined);
  assert.equal(stageKey(document), frozen.stageKey);
  assert.deepEqual([frozen.cached, frozen.missReason], [null, null], 'a first run has nothing to explain');
});

test('the second stage is not frozen, and its key depends on the weights it starts from', async (t) => {
  const run = await makeRun(t);
  const prepared = await prepare(run);
  const { weights } = prepared.matched;
  const first = await freezeStage(run, prepared, { index: 1, inputWeights: weights });
  assert.equal(first.frozenParameters, 0);
  const plan = await getJson<Plan>(run.deps.store, prepared.summary.plan);
  const others = await saveWeights(run.deps.store, initialiseWeights(plan.model.tree, 99));
  const second = await freezeStage(run, prepared, { index: 1, inputWeights: others });
  assert.notEqual(second.stageKey, first.stageKey);
  assert.match(second.missReason ?? '', /input_weights/u);
});

test('a finished stage is found again, also by a run with another name; a changed key is named', async (t) => {
  const run = await makeRun(t);
  const { checkpointInput, matched } = await trained(run);
  const result = await attempt(run).checkpoint(checkpointInput);

  const again = await freezeStage(run, await prepare(run), { index: 0, inputWeights: matched.weights });
  assert.deepEqual(again.cached, { ...result, cached: true });
  assert.equal(again.missReason, null);

  const renamed = await withRunFile(run, { name: 'another-name' });
  const shared = await freezeStage(renamed, await prepare(renamed), { index: 0, inputWeights: matched.weights });
  assert.equal(shared.cached?.weights.digest, result.weights.digest);

  const changed = await withRunFile(run, { lr: [0.02, 0.002] });
  const missed = await freezeStage(changed, await prepare(changed), { index: 0, inputWeights: matched.weights });
  assert.equal(missed.cached, null);
  assert.equal(missed.missReason, 'optimizer.config.lr was 0.01, is 0.02');

  await run.deps.store.deleteBlob(result.weights);
  const lost = await freezeStage(run, await prepare(run), { index: 0, inputWeights: matched.weights });
  assert.equal(lost.stageKey, result.stageKey);
  assert.equal(lost.cached, null, 'a result whose weights are gone is made again instead of failing for ever');
});

test('a baseline gets fresh weights by (seed, path) and nothing frozen', async (t) => {
  const run = await makeRun(t, { ...runDocument(), evaluation: { metrics: ['accuracy'], baseline: 'from_scratch' } });
  const prepared = await prepare(run);
  assert.equal(prepared.summary.baseline?.index, 2);
  const baseline = await freezeStage(run, prepared, { index: 2, inputWeights: null });
  const plan = await getJson<Plan>(run.deps.store, prepared.summary.plan);
  const fresh = await saveWeights(run.deps.store, initialiseWeights(plan.model.tree, plan.seed));
  assert.deepEqual(baseline.inputWeights, fresh);
  assert.equal(baseline.frozenParameters, 0);
});
