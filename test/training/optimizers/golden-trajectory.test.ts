import assert from 'node:assert/strict';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { JsonObject } from '../../../src/contracts/json.ts';
import type { StagePlan } from '../../../src/contracts/plan.ts';
import { loadBackend } from '../../../src/kernels/backend.ts';
import { createOptimizer } from '../../../src/training/optimizers/create-optimizer.ts';
import type { UpdateResult } from '../../../src/training/optimizers/optimizer.ts';
import { createScheduler } from '../../../src/training/schedulers/create-scheduler.ts';
import type { GroupSettings } from '../../../src/training/schedulers/scheduler.ts';
import { BACKENDS } from '../../helpers/backends.ts';
import { stageOf } from '../../plan/runs.ts';
import { mlp } from '../../transfer/trees.ts';
import { mlpGradients, readGolden, readGoldenWeights } from '../golden.ts';

interface Trajectories {
  readonly batch_rows_start: readonly number[];
  readonly batch_size: number;
  readonly index: Readonly<
    Record<string, { readonly class: string; readonly cases: readonly { readonly config: JsonObject; readonly loss_f64: number[] }[] }>
  >;
}

const golden = readGolden('b_optimizers/trajectories.json') as Trajectories;
/** Parameter groups, layer decay and cycled momenta: the same loop, made by ops/golden/learning_rates.py. */
const { trajectories } = readGolden('learning_rates.json') as {
  readonly trajectories: readonly {
    readonly optimizer: JsonObject & { readonly name: string };
    readonly scheduler: JsonObject | null;
    readonly loss_f64: number[];
  }[];
};
/** Each optimizer with maximize: the same loop, made by ops/golden/maximize.py. */
const climbs = readGolden('d_maximize.json') as {
  readonly trajectories: readonly {
    readonly optimizer: JsonObject & { readonly name: string };
    readonly loss_f64: number[];
    readonly final_f64: Readonly<Record<string, number[]>>;
  }[];
};
const data = readGolden('b_mlp/data.json') as { x: number[][]; y: number[] };
/** torch's own float32 losses differ from its float64 ones by up to 7e-7 (1.5e-6 for RMSprop with momentum), the golden README says. */
const LOSS_TOLERANCE = 1e-6;
const MOMENTUM_RMSPROP_TOLERANCE = 2e-6;
/** Eight float32 roundings of weights near 1, and gradients whose relative error is amplified where a second moment is tiny. */
const WEIGHT_TOLERANCE = 2e-5;
const NOT_IMPLEMENTED = ['lbfgs', 'sparseadam'];

for (const backend of BACKENDS) {
  for (const [name, { class: className, cases }] of Object.entries(golden.index)) {
    if (NOT_IMPLEMENTED.includes(name)) continue;
    for (const [index, { config, loss_f64: expected }] of cases.entries()) {
      void test(`${className} ${JSON.stringify(config)} in a run file follows torch's trajectory on ${backend}`, async () => {
        await loadBackend(backend);
        const { losses, weights } = run({ name, config }, null);
        nearLosses(losses, expected, name === 'rmsprop' && config['momentum'] !== undefined ? MOMENTUM_RMSPROP_TOLERANCE : LOSS_TOLERANCE);
        for (const [path, { values }] of readGoldenWeights(`b_optimizers/${name}_${index}_final_f64.safetensors`)) {
          for (const [i, value] of values.entries())
            near(weights[path]?.[i], value, { tolerance: WEIGHT_TOLERANCE, what: `${path}[${i}]` });
        }
      });
    }
  }

  for (const { optimizer, loss_f64: expected, final_f64: final } of climbs.trajectories) {
    void test(`${JSON.stringify(optimizer)} in a run file climbs as torch does on ${backend}`, async () => {
      await loadBackend(backend);
      const { losses, weights } = run(optimizer, null);
      nearLosses(losses, expected, LOSS_TOLERANCE);
      for (const [path, values] of Object.entries(final)) {
        for (const [i, value] of values.entries()) near(weights[path]?.[i], value, { tolerance: WEIGHT_TOLERANCE, what: `${path}[${i}]` });
      }
    });
  }

  for (const { optimizer, scheduler, loss_f64: expected } of trajectories) {
    const title = `${JSON.stringify(optimizer)} under ${JSON.stringify(scheduler)}`;
    void test(`${title} in a run file follows torch's trajectory on ${backend}`, async () => {
      await loadBackend(backend);
      const { losses } = run(optimizer, scheduler);
      nearLosses(losses, expected, optimizer.name === 'RMSprop' ? MOMENTUM_RMSPROP_TOLERANCE : LOSS_TOLERANCE);
    });
  }
}

void test('LBFGS and SparseAdam are refused by name in a run file', () => {
  for (const name of NOT_IMPLEMENTED) assert.throws(() => stageOf({ optimizer: { name } }), { code: 'NOT_AVAILABLE' });
});

/** A run file's sections, planned for the golden network. */
function planOf(optimizer: JsonObject, scheduler: JsonObject | null): StagePlan {
  return stageOf({
    optimizer,
    scheduler,
    model: { tree: mlp(4, 8, 8, 1) },
    preTrainedTree: mlp(4, 8, 8, 1),
    trainer: { max_epochs: -1, max_steps: 8 },
  });
}

/** Trains eight steps, each on new tensors as the loop does, and reads the loss before each step. */
function run(
  section: JsonObject,
  schedule: JsonObject | null,
): { readonly losses: number[]; readonly weights: Record<string, Float32Array> } {
  const plan = planOf(section, schedule);
  const optimizer = createOptimizer(plan.optimizer);
  const scheduler = createScheduler(plan.scheduler, optimizer.baseLrs);
  const init = [...readGoldenWeights('b_optimizers/init.safetensors')];
  const state = new Map<string, UpdateResult>(
    init.map(([path, { shape, values }]) => [
      path,
      { parameter: tf.tensor(Float32Array.from(values), shape), slots: optimizer.initialState({ path, shape }) },
    ]),
  );
  const losses = golden.batch_rows_start.map((start, index) => {
    const end = start + golden.batch_size;
    tf.engine().startScope();
    const parameters = Object.fromEntries([...state].map(([path, { parameter }]) => [path, parameter]));
    const targets = data.y.slice(start, end).map((value) => [value]);
    const { loss, gradients } = mlpGradients(parameters, tf.tensor2d(data.x.slice(start, end)), tf.tensor2d(targets));
    const value = loss.dataSync()[0] as number;
    for (const [path, before] of state) {
      const gradient = gradients[path] ?? assert.fail(`no gradient of ${path}`);
      const settings = scheduler.settingsAt({ step: index, epoch: 0 })[optimizer.groupOf(path)] as GroupSettings;
      const after = optimizer.update({ ...before, path, gradient, step: index + 1, ...settings });
      state.set(path, after);
      for (const tensor of tensorsOf(after)) tf.keep(tensor);
      for (const tensor of tensorsOf(before)) tensor.dispose();
    }
    tf.engine().endScope();
    return value;
  });
  const weights = Object.fromEntries([...state].map(([path, { parameter }]) => [path, parameter.dataSync<'float32'>()]));
  for (const result of state.values()) for (const tensor of tensorsOf(result)) tensor.dispose();
  return { losses, weights };
}

function nearLosses(losses: readonly number[], expected: readonly number[], tolerance: number): void {
  assert.equal(losses.length, expected.length);
  for (const [step, value] of expected.entries()) near(losses[step], value, { tolerance: tolerance * value, what: `loss of step ${step}` });
}

function tensorsOf({ parameter, slots }: UpdateResult): readonly tf.Tensor[] {
  return [parameter, ...Object.values(slots)];
}

function near(actual: number | undefined, expected: number, { tolerance, what }: { tolerance: number; what: string }): void {
  assert.ok(actual !== undefined && Math.abs(actual - expected) <= tolerance, `${what}: expected ${expected}, received ${actual}`);
}
