import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { weightsToChunks } from '../../src/artifacts/safetensors/write.ts';
import { mergeWeights } from '../../src/artifacts/training-state.ts';
import type { JsonObject } from '../../src/contracts/json.ts';
import type { Plan, StagePlan } from '../../src/contracts/plan.ts';
import type { TensorData, Weights } from '../../src/contracts/tensors.ts';
import type { FeatureDataset } from '../../src/data/dataset.ts';
import { RootstockError } from '../../src/errors.ts';
import { loadBackend } from '../../src/kernels/backend.ts';
import type { FeatureModel } from '../../src/models/definition.ts';
import { builtinModels, findModel } from '../../src/models/registry.ts';
import { createOps } from '../../src/ops/create-ops.ts';
import { planRun } from '../../src/planner/plan-run.ts';
import { applyMatch } from '../../src/transfer/apply-match.ts';
import { initialiseWeights } from '../../src/transfer/initialise.ts';
import { lastState, record } from '../training/support.ts';

/** Rows x1, x2, y of the peer tests' fixture. */
export const ROWS: readonly (readonly [number, number, number])[] = [
  [1, 2, 3],
  [1, 3, 4],
  [2, 4, 6],
  [2, 4, 6],
  [2, 4, 6],
];

/** What a test varies. */
export interface TransferOptions {
  /** Hidden layers and all: 2 gives module.0 and module.2, 4 gives module.0, 2, 4, 6. */
  readonly numLayers?: number;
  readonly preTrained?: Weights;
  /** Sections of model.config and further keys. */
  readonly config?: JsonObject;
  readonly modulesToMatch?: JsonObject;
  readonly stages: readonly JsonObject[];
  readonly rows?: typeof ROWS;
}

/** Plans a transfer as `rootstock plan` does: data and pre-trained weights are files. */
export async function planTransfer(t: TestContext, options: TransferOptions): Promise<Plan> {
  const directory = await mkdtemp(join(tmpdir(), 'rootstock-peer-'));
  t.after(() => rm(directory, { recursive: true }));
  const rows = (options.rows ?? ROWS).map((row) => row.join(','));
  await writeFile(join(directory, 'data.csv'), `X_col_1,X_col_2,y\n${rows.join('\n')}\n`);
  await writeFile(join(directory, 'old.safetensors'), Buffer.concat([...weightsToChunks(options.preTrained ?? PRE_TRAINED)]));
  const { plan } = await planRun(
    { config: documentOf(options), source: 'peer.yaml', baseDir: directory },
    { models: builtinModels, cacheDir: null },
  );
  return plan;
}

/** A run with molflux's defaults of the peer tests: one epoch, batches of 2, Adam with lr 1e-4, no scheduler. */
function documentOf({ numLayers = 2, config = {}, modulesToMatch, stages }: TransferOptions): JsonObject {
  return {
    name: 'peer',
    seed: 1,
    data: { train: 'data.csv', validation: 'data.csv' },
    model: {
      name: 'lightning_mlp_regressor',
      config: {
        x_features: ['X_col_1', 'X_col_2'],
        y_features: ['y'],
        num_layers: numLayers,
        hidden_dim: 3,
        datamodule: { train: { batch_size: 2 }, validation: { batch_size: 2 } },
        ...config,
        transfer_learning: {
          pre_trained_model_path: 'old.safetensors',
          ...(modulesToMatch === undefined ? {} : { modules_to_match: modulesToMatch }),
          stages,
        },
      },
    },
    output: { path: 'out' },
  };
}

/** What a trained stage leaves. */
export interface TrainedStage {
  readonly plan: StagePlan;
  /** Complete weights by what carry_weights may name. */
  readonly last: Weights;
  readonly best: Weights | null;
  /** What the next stage starts from, and the run's result after the last one. */
  readonly carried: Weights;
}

/** Plans a transfer and trains all its stages in this process. */
export async function trainTransfer(t: TestContext, options: TransferOptions): Promise<readonly TrainedStage[]> {
  const plan = await planTransfer(t, options);
  await loadBackend('wasm');
  const fresh = initialiseWeights(plan.model.tree, plan.seed);
  let weights = plan.initial.kind === 'fresh' ? fresh : applyMatch(plan.initial.match, options.preTrained ?? PRE_TRAINED, fresh);
  const data = datasetOf(options.rows ?? ROWS);
  const { name, config, facts, tree } = plan.model;
  const model = { definition: findModel(name, []) as FeatureModel, config, facts, ops: createOps('wasm') };
  const done: TrainedStage[] = [];
  for (const stage of plan.stages) {
    const { log } = await record({ seed: plan.seed, stage, model, tree, inputWeights: weights, train: data, validation: data });
    const state = lastState(log);
    const complete = (moved: Weights): Weights => mergeWeights(weights, moved, stage.mask.frozen);
    const last = complete(state.weights);
    const best = state.best === null ? null : complete(state.best);
    const carried = { last, best, ema: state.ema === undefined ? null : complete(state.ema) }[stage.carryWeights] ?? last;
    done.push({ plan: stage, last, best, carried });
    weights = carried;
  }
  return done;
}

/** The error that planning a transfer ends in. */
export async function failureOfTransfer(t: TestContext, options: TransferOptions): Promise<RootstockError> {
  try {
    await planTransfer(t, options);
  } catch (error) {
    if (error instanceof RootstockError) return error;
    throw error;
  }
  throw new Error('expected planning to fail');
}

/** Weights of a perceptron of given widths; `values` says what fills a tensor. */
export function mlpWeights(widths: readonly number[], values: (path: string) => number): Weights {
  const tensor = (path: string, shape: readonly number[]): [string, TensorData] => [
    path,
    { shape, dtype: 'float32', data: new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(values(path)) },
  ];
  return new Map(
    widths.slice(1).flatMap((width, layer) => {
      const path = `module.${2 * layer}`;
      return [tensor(`${path}.weight`, [width, widths[layer] as number]), tensor(`${path}.bias`, [width])];
    }),
  );
}

/** The peer tests' pre-trained model: module.0 holds 0 and 1, module.2 holds 2 and 3. */
export const PRE_TRAINED: Weights = mlpWeights(
  [2, 3, 1],
  (path) => ({ 'module.0.weight': 0, 'module.0.bias': 1, 'module.2.weight': 2, 'module.2.bias': 3 })[path] ?? Number.NaN,
);

function datasetOf(rows: typeof ROWS): FeatureDataset {
  return {
    kind: 'features',
    rows: rows.length,
    width: 2,
    x: Float32Array.from(rows.flatMap(([first, second]) => [first, second])),
    y: Float32Array.from(rows.map(([, , y]) => y)),
    targetWidth: 1,
    rowId: String,
  };
}
