import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import test from 'node:test';
import { readBlob } from '../../src/artifacts/json-blob.ts';
import { loadWeights } from '../../src/artifacts/safetensors/weights-blob.ts';
import { findNewestSnapshot } from '../../src/artifacts/snapshots.ts';
import { readStageManifest } from '../../src/artifacts/stage-manifest.ts';
import { committedSampleLog, rawSampleLog } from '../../src/contracts/state-directory.ts';
import { freezeDigest } from '../../src/transfer/freeze-digest.ts';
import { readCommitted } from '../helpers/e2e-samples.ts';
import { attempt, documentWith, makeRun, trained } from './support.ts';

/** Two epochs of four steps, a snapshot after every second one. */
const SHORT = documentWith({ limit_train_batches: 4, log_every_n_steps: 2, snapshot: { every_steps: 2 } });

test('a finished stage becomes its result: weights, receipt, ledger, manifest, sample log; and the same again', async (t) => {
  const run = await makeRun(t, SHORT);
  const { store } = run.deps;
  const { checkpointInput, matched } = await trained(run);
  const { stageKey } = checkpointInput;
  const result = await attempt(run).checkpoint(checkpointInput);

  const [before, after] = [await loadWeights(store, matched.weights), await loadWeights(store, result.weights)];
  const frozen = [...before.keys()].filter((path) => /^module\.[01]\./u.test(path));
  for (const [path, tensor] of before) {
    if (frozen.includes(path)) assert.deepEqual(after.get(path), tensor, `${path} is frozen`);
    else assert.notDeepEqual(after.get(path), tensor, `${path} was trained`);
  }
  assert.ok(
    frozen.some((path) => path.endsWith('running_mean')),
    'statistics of frozen modules count as frozen',
  );
  const statistics = frozen.filter((path) => /running_|num_batches/u.test(path));
  const parameters = frozen.filter((path) => !statistics.includes(path));
  const receipt = freezeDigest(before, parameters, statistics);
  assert.deepEqual(result.freezeReceipt, { before: receipt, after: receipt });
  assert.deepEqual(result.weights, result.lastWeights);
  assert.notEqual(result.bestWeights, null, 'there is a validation split');
  assert.equal(result.frozenParameters, checkpointInput.frozenParameters);
  assert.deepEqual([result.index, result.name, result.epochs, result.steps, result.cached], [0, 'head', 2, 8, false]);

  const ledger = Buffer.from(await readBlob(store, result.ledger)).toString('utf8');
  const rows = ledger.split('\n').map((line) => line.split(','));
  const stepsOf = (name?: string) => [
    ...new Set(rows.filter((row) => row.length === 5 && (name ?? row[3]) === row[3]).map((row) => row[2])),
  ];
  assert.deepEqual(stepsOf(), ['2', '4', '6', '8'], 'every second step is logged');
  assert.deepEqual(stepsOf('val/total/loss'), ['4', '8'], 'and every epoch');

  const committed = await readCommitted(run.stateDir, stageKey);
  assert.deepEqual(
    committed.map(({ step }) => step),
    [1, 2, 3, 4, 5, 6, 7, 8],
  );
  assert.equal(new Set(committed.slice(0, 4).flatMap(({ rows }) => rows)).size, 32, 'no row twice in an epoch');

  const manifest = await readStageManifest(store, stageKey);
  assert.deepEqual(manifest?.result, result);
  assert.equal(manifest?.lineage.input_weights_sha256, matched.weights.digest);
  assert.equal(manifest?.lineage.stopped_by, 'max_epochs');
  assert.equal((await findNewestSnapshot(store, stageKey))?.stateDigest, checkpointInput.trained.stateDigest, 'the last snapshot is kept');

  const log = await readFile(committedSampleLog(run.stateDir, stageKey), 'utf8');
  assert.deepEqual(await attempt(run, { attempt: 2 }).checkpoint(checkpointInput), result);
  assert.equal(await readFile(committedSampleLog(run.stateDir, stageKey), 'utf8'), log);
});

test('a stage with EMAWeightAveraging hands on its average, and keeps last, best and averaged weights', async (t) => {
  const callbacks = { EMAWeightAveraging: { decay: 0.5 } };
  const run = await makeRun(t, documentWith({ max_epochs: 1, limit_train_batches: 4, callbacks }));
  const { store } = run.deps;
  const { checkpointInput } = await trained(run);
  const result = await attempt(run).checkpoint(checkpointInput);
  assert.deepEqual(result.weights, result.emaWeights);
  assert.notDeepEqual(result.weights, result.lastWeights);
  assert.deepEqual(result.bestWeights, result.emaWeights, 'the one validation was of the average');
  assert.deepEqual((await readStageManifest(store, checkpointInput.stageKey))?.result, result);
  const newest = await findNewestSnapshot(store, checkpointInput.stageKey);
  assert.ok((newest?.envelope.elapsedMs ?? -1) >= 0, 'the time spent goes with the snapshot');
});

test('with frozen_modules_mode train the statistics of a frozen module move, and the receipt is over parameters only', async (t) => {
  const run = await makeRun(t, documentWith({ max_epochs: 1, limit_train_batches: 2, frozen_modules_mode: 'train' }));
  const { store } = run.deps;
  const { checkpointInput, matched } = await trained(run);
  const { weights, freezeReceipt } = await attempt(run).checkpoint(checkpointInput);
  const [before, after] = [await loadWeights(store, matched.weights), await loadWeights(store, weights)];
  assert.notDeepEqual(after.get('module.1.running_mean'), before.get('module.1.running_mean'));
  assert.deepEqual(after.get('module.1.weight'), before.get('module.1.weight'));
  const receipt = freezeDigest(before, ['module.0.bias', 'module.0.weight', 'module.1.bias', 'module.1.weight'], []);
  assert.deepEqual(freezeReceipt, { before: receipt, after: receipt });
});

test('half a line that a killed trainer left in a raw log is not committed', async (t) => {
  const run = await makeRun(t, SHORT);
  const { checkpointInput } = await trained(run);
  const raw = rawSampleLog(run.stateDir, checkpointInput.stageKey, 0);
  await writeFile(raw, `${await readFile(raw, 'utf8')}{"step":9,"epo`);
  await attempt(run).checkpoint(checkpointInput);
  assert.equal((await readCommitted(run.stateDir, checkpointInput.stageKey)).length, 8);
});

test('a last snapshot that is damaged since training is a coded error that a retry can cure', async (t) => {
  const run = await makeRun(t, SHORT);
  const { store } = run.deps;
  const { checkpointInput } = await trained(run);
  const newest = await findNewestSnapshot(store, checkpointInput.stageKey);
  assert.ok(newest !== undefined);
  await store.deleteBlob(newest.state);
  await assert.rejects(attempt(run).checkpoint(checkpointInput), { type: 'ARTIFACT_CORRUPT', nonRetryable: false });
});
