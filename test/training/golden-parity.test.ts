import assert from 'node:assert/strict';
import test from 'node:test';
import type { TrainingState } from '../../src/artifacts/training-state.ts';
import { mergeWeights } from '../../src/artifacts/training-state.ts';
import type { JsonObject } from '../../src/contracts/json.ts';
import type { OptimizerPlan, SchedulerPlan } from '../../src/contracts/plan.ts';
import type { Weights } from '../../src/contracts/tensors.ts';
import type { FeatureDataset } from '../../src/data/dataset.ts';
import { loadBackend } from '../../src/kernels/backend.ts';
import { BACKENDS } from '../helpers/backends.ts';
import { assertClose } from '../models/support.ts';
import { readGolden, readGoldenWeights } from './golden.ts';
import { lastState, makeSetup, type Recording, record, type StageOptions } from './support.ts';

// molflux trained these stages (test/fixtures/golden/README.md). Float32 on both sides, summed in other orders. Measured: losses within 2.6e-7,
// weights within 4.1e-7 of the largest of their tensor, learning rates (float64) within 2e-15. The limits leave a factor of two and more.
const STEP_LOSS = 1e-6;
const FINAL_WEIGHTS = 1e-6;
const LEARNING_RATE = 1e-12;

interface Trajectory {
  readonly step_loss: readonly number[];
  readonly step_lr: readonly number[];
}

interface CaseTrajectory extends Trajectory {
  readonly optimizer: { readonly name: OptimizerPlan['name']; readonly config: JsonObject };
  readonly scheduler: { readonly name: SchedulerPlan['name']; readonly config: JsonObject; readonly interval?: 'step' | 'epoch' } | null;
  readonly trainer: { readonly gradient_clip_val?: number; readonly accumulate_grad_batches?: number };
  readonly epochs: number;
}

for (const backend of BACKENDS) {
  for (const name of ['adamw_cosine', 'sgd_nesterov_steplr_epoch', 'adam_amsgrad_clip_accum2']) {
    test(`${name} follows molflux's trajectory on ${backend}`, async () => {
      await loadBackend(backend);
      const golden = readGolden(`b_mlp/${name}/trajectory.json`) as CaseTrajectory;
      const accumulate = golden.trainer.accumulate_grad_batches ?? 1;
      const { log } = await record(
        molfluxSetup({
          data: goldenData('b_mlp/data.json'),
          weights: toWeights(`b_mlp/${name}/init.safetensors`),
          optimizer: golden.optimizer,
          scheduler: golden.scheduler === null ? null : toScheduler(golden.scheduler, golden.step_loss.length),
          trainer: {
            maxEpochs: golden.epochs,
            accumulateGradBatches: accumulate,
            accumulateNormalization: 'lightning',
            gradientClipVal: golden.trainer.gradient_clip_val ?? null,
          },
        }),
      );
      assertTrajectory(log, { step_loss: stepLosses(golden.step_loss, accumulate), step_lr: golden.step_lr });
      assertWeights(lastState(log).weights, `b_mlp/${name}/final.safetensors`);
    });
  }
}

test('a two-stage transfer follows molflux from stage to stage, frozen tensors unchanged', async () => {
  await loadBackend('wasm');
  const data = goldenData('c_mlp/targets.json');
  const first = readGolden('c_mlp/stage1/trajectory.json') as Trajectory;
  const second = readGolden('c_mlp/stage2/trajectory.json') as Trajectory;
  const start = toWeights('c_mlp/stage1/init.safetensors');
  const setup1 = molfluxSetup({
    data,
    weights: start,
    freeze: ['module.0', 'module.2'],
    optimizer: { name: 'AdamW', config: { lr: 0.02, weight_decay: 0.02 } },
    scheduler: toScheduler({ name: 'CosineAnnealingLR', config: { T_max: 15 } }, 15),
    trainer: { maxEpochs: 3 },
  });
  const stage1 = await record(setup1);
  assertTrajectory(stage1.log, first);
  assert.deepEqual(
    [...lastState(stage1.log).weights.keys()].sort(),
    ['module.4.bias', 'module.4.weight'],
    'frozen tensors are not in the state',
  );
  const handedOn = mergeWeights(start, lastState(stage1.log).weights, setup1.stage.mask.frozen);
  for (const path of setup1.stage.mask.frozen) assert.deepEqual(handedOn.get(path), start.get(path));
  assertWeights(handedOn, 'c_mlp/stage1/final.safetensors');

  const stage2 = await record(
    molfluxSetup({
      data,
      weights: handedOn,
      index: 1,
      optimizer: { name: 'AdamW', config: { lr: 0.001, weight_decay: 0.02 } },
      scheduler: toScheduler({ name: 'CosineAnnealingLR', config: { T_max: 4 } }, 4),
      trainer: { maxEpochs: 2 },
      train: { batchSize: 16, dropLast: true, shuffle: false },
    }),
  );
  assertTrajectory(stage2.log, second);
  assertWeights(lastState(stage2.log).weights, 'c_mlp/stage2/final.safetensors');
});

function molfluxSetup(options: StageOptions) {
  return makeSetup({
    model: 'lightning_mlp_regressor',
    config: { num_layers: 3, hidden_dim: 8 },
    validation: null,
    train: { batchSize: 8, dropLast: true, shuffle: false },
    ...options,
  });
}

function toScheduler(
  {
    name,
    config,
    interval = 'step',
  }: { readonly name: SchedulerPlan['name']; readonly config: JsonObject; readonly interval?: 'step' | 'epoch' },
  steps: number,
): SchedulerPlan {
  const resolved = Object.fromEntries(Object.entries(config).map(([key, value]) => [key, value === 'num_steps' ? steps : value]));
  return { name, config: resolved, interval, frequency: 1 };
}

/** Lightning's loss of a batch is divided by the window's full length; the mean of a window is its sum times length over batches. */
function stepLosses(batchLosses: readonly number[], accumulate: number): readonly number[] {
  if (accumulate === 1) return batchLosses;
  const perEpoch = 5;
  return batchLosses.flatMap((_, batch) => {
    const inEpoch = batch % perEpoch;
    if (inEpoch % accumulate !== 0) return [];
    const window = batchLosses.slice(batch, batch + Math.min(accumulate, perEpoch - inEpoch));
    return [(window.reduce((sum, loss) => sum + loss, 0) * accumulate) / window.length];
  });
}

function goldenData(targets: string): FeatureDataset {
  const { x } = readGolden('b_mlp/data.json') as { readonly x: readonly (readonly number[])[] };
  const { y } = readGolden(targets) as { readonly y: readonly number[] };
  const width = x[0]?.length ?? 0;
  return {
    kind: 'features',
    rows: x.length,
    width,
    x: Float32Array.from(x.flat()),
    y: Float32Array.from(y),
    targetWidth: 1,
    rowId: String,
  };
}

function toWeights(path: string): Weights {
  return new Map(
    [...readGoldenWeights(path)].map(([name, { shape, values }]) => [name, { shape, dtype: 'float32', data: Float32Array.from(values) }]),
  );
}

function rowValues(log: Recording, name: string): readonly number[] {
  return log.rows
    .map((row) => row.split(','))
    .filter((cells) => cells[3] === name)
    .map((cells) => Number(cells[4]));
}

function assertTrajectory(log: Recording, golden: Trajectory): void {
  assertRelative(rowValues(log, 'train/total/loss_step'), golden.step_loss, { tolerance: STEP_LOSS, what: 'loss' });
  assertRelative(rowValues(log, 'lr'), golden.step_lr, { tolerance: LEARNING_RATE, what: 'lr' });
}

function assertRelative(
  actual: readonly number[],
  expected: readonly number[],
  { tolerance, what }: { readonly tolerance: number; readonly what: string },
): void {
  assert.equal(actual.length, expected.length, what);
  actual.forEach((value, index) => {
    const wanted = expected[index] ?? Number.NaN;
    assert.ok(Math.abs(value - wanted) <= tolerance * Math.abs(wanted), `${what}[${index}]: ${value} is not ${wanted}`);
  });
}

function assertWeights(weights: TrainingState['weights'], path: string): void {
  for (const [name, { values }] of readGoldenWeights(path)) {
    assertClose(weights.get(name)?.data ?? [], values, { tolerance: FINAL_WEIGHTS, what: name });
  }
}
