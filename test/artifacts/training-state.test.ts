import assert from 'node:assert/strict';
import test from 'node:test';
import { finaliseStage } from '../../src/artifacts/finalise-stage.ts';
import { openFsStore } from '../../src/artifacts/fs-store.ts';
import { loadWeights, saveWeights } from '../../src/artifacts/safetensors/weights-blob.ts';
import { buildSnapshot } from '../../src/artifacts/snapshot.ts';
import type { ArtifactStore } from '../../src/artifacts/store.ts';
import { loadTrainingState, mergeWeights, saveTrainingState, type TrainingState } from '../../src/artifacts/training-state.ts';
import type { StagePlan } from '../../src/contracts/plan.ts';
import type { TensorData, Weights } from '../../src/contracts/tensors.ts';
import { freezeDigest } from '../../src/transfer/freeze-digest.ts';
import { scratchDirectory } from '../helpers/scratch-directory.ts';

const KEY = 'ab'.repeat(32);
const vector = (...values: number[]): TensorData => ({ shape: [values.length], dtype: 'float32', data: Float32Array.from(values) });
const counter = (value: number): TensorData => ({ shape: [], dtype: 'int64', data: Int32Array.of(value) });

const STATE: TrainingState = {
  weights: new Map([
    ['head.weight', vector(1, -0, Number.NaN)],
    ['norm.num_batches_tracked', counter(3)],
  ]),
  slots: new Map([['head.weight', { exp_avg: vector(4, 5, 6), exp_avg_sq: vector(7, 8, 9) }]]),
  best: new Map([
    ['head.weight', vector(10, 11, 12)],
    ['norm.num_batches_tracked', counter(2)],
  ]),
  counters: {
    epoch: 2,
    batch: 1,
    step: 9,
    samplesSeen: 36,
    parameterSteps: { 'head.weight': 9 },
    epochLoss: { sum: 'NaN', samples: 4 },
    metrics: { 'val/total/loss': 0.1 + 0.2 },
    ledgerChain: 'cd'.repeat(32),
    stopRequested: false,
    stoppedBy: 'max_epochs',
  },
  monitor: { earlyStopping: { waitCount: 1, best: 'Infinity' }, best: { value: 0.25 } },
};

const INPUT: Weights = new Map([
  ['body.weight', vector(0.5)],
  ['head.weight', vector(0, 0, 0)],
  ['norm.num_batches_tracked', counter(0)],
]);

test('a training state comes back from the store bit for bit', async () => {
  const store = await makeStore();
  assert.deepEqual(await loadTrainingState(store, KEY, await snapshotOf(store, STATE)), STATE);
});

test('averaged weights come back bit for bit, and are part of the state digest', async () => {
  const store = await makeStore();
  const averaged: TrainingState = { ...STATE, ema: new Map([...STATE.weights].map(([path]) => [path, vector(0.1, 0.2, 0.3)])) };
  const snapshot = await snapshotOf(store, averaged);
  assert.deepEqual(await loadTrainingState(store, KEY, snapshot), averaged);
  assert.notEqual(snapshot.stateDigest, (await snapshotOf(store, STATE)).stateDigest);
});

test('equal states have equal blobs, whatever the order of their maps', async () => {
  const store = await makeStore();
  const reversed = { ...STATE, weights: new Map([...STATE.weights].reverse()) };
  const [first, second] = [await snapshotOf(store, STATE), await snapshotOf(store, reversed)];
  assert.equal(first.stateDigest, second.stateDigest);
});

test('a reference of the best weights that is known already is taken over', async () => {
  const store = await makeStore();
  const knownBest = { digest: 'ef'.repeat(32), byteLength: 1 };
  assert.deepEqual((await saveTrainingState(store, KEY, { state: STATE, knownBest })).best, knownBest);
});

test('a frozen tensor in a training state is FROZEN_CHANGED', () => {
  assert.throws(() => mergeWeights(INPUT, new Map([['body.weight', vector(1)]]), ['body.weight']), { code: 'FROZEN_CHANGED' });
});

test('a tensor that the input lacks is refused', () => {
  assert.throws(() => mergeWeights(INPUT, new Map([['other', vector(1)]]), []), { code: 'FROZEN_CHANGED' });
});

test('a finished stage gives complete last and best weights, and a receipt of its frozen tensors', async () => {
  const store = await makeStore();
  const result = await finalise(store, STATE);
  const [last, best] = [await loadWeights(store, result.lastWeights), await loadWeights(store, result.bestWeights ?? assert.fail())];
  assert.deepEqual([...last.keys()], [...INPUT.keys()].sort());
  assert.deepEqual(last.get('head.weight'), STATE.weights.get('head.weight'));
  assert.deepEqual(last.get('body.weight'), INPUT.get('body.weight'));
  assert.deepEqual(best.get('head.weight'), STATE.best?.get('head.weight'));
  assert.equal(result.freezeReceipt.before, freezeDigest(INPUT, ['body.weight']));
  assert.equal(result.freezeReceipt.after, result.freezeReceipt.before);
  assert.deepEqual(await finalise(store, STATE), result, 'a second call gives the same references');
});

test('a frozen buffer that moved is FROZEN_CHANGED', async () => {
  const store = await makeStore();
  await assert.rejects(finalise(store, STATE, ['body.weight', 'norm.num_batches_tracked']), { code: 'FROZEN_CHANGED' });
});

test('a snapshot in the middle of a stage is not its end', async () => {
  const store = await makeStore();
  await assert.rejects(finalise(store, { ...STATE, counters: { ...STATE.counters, stoppedBy: null } }), { code: 'INTERNAL' });
});

test('averaged weights become complete weights of their own; without any, carry_weights ema is STAGE_INVALID', async () => {
  const store = await makeStore();
  const ema = new Map([...STATE.weights, ['head.weight', vector(0.1, 0.2, 0.3)] as const]);
  const { emaWeights } = await finalise(store, { ...STATE, ema }, ['body.weight'], 'ema');
  const averaged = await loadWeights(store, emaWeights ?? assert.fail());
  assert.deepEqual(averaged.get('head.weight'), vector(0.1, 0.2, 0.3));
  assert.deepEqual(averaged.get('body.weight'), INPUT.get('body.weight'));
  assert.equal('emaWeights' in (await finalise(store, STATE)), false);
  await assert.rejects(finalise(store, STATE, ['body.weight'], 'ema'), { code: 'STAGE_INVALID' });
});

test('carry_weights best without a best is STAGE_INVALID', async () => {
  const store = await makeStore();
  await assert.rejects(finalise(store, { ...STATE, best: null }, ['body.weight'], 'best'), { code: 'STAGE_INVALID' });
});

async function makeStore(): Promise<ArtifactStore> {
  return openFsStore(await scratchDirectory());
}

async function snapshotOf(store: ArtifactStore, state: TrainingState) {
  const saved = await saveTrainingState(store, KEY, { state, knownBest: null });
  return buildSnapshot(
    { ...saved, n: 0, ledger: { segment: null, rows: 0 }, previous: null },
    {
      lease: 0,
      host: 'here',
      pid: 1,
      versions: { node: '', v8: '', kernels: '' },
      backend: 'cpu',
      createdAt: '',
      sampleLog: { lease: 0, lines: 0 },
    },
  );
}

async function finalise(
  store: ArtifactStore,
  state: TrainingState,
  still = ['body.weight'],
  carryWeights: StagePlan['carryWeights'] = 'last',
) {
  const stage = {
    name: 'tiny',
    carryWeights,
    mask: { frozen: ['body.weight'] },
    trainer: { checkpointMonitor: { monitor: 'val/total/loss', mode: 'min' } },
  } as unknown as StagePlan;
  return finaliseStage({
    store,
    stage,
    stageKey: KEY,
    inputWeights: await saveWeights(store, INPUT),
    snapshot: await snapshotOf(store, state),
    frozenDigest: (weights) => freezeDigest(weights, still),
  });
}
