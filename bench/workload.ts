import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { weightsToChunks } from '../src/artifacts/safetensors/write.ts';
import type { JsonObject } from '../src/contracts/json.ts';
import type { ModuleTree, Weights } from '../src/contracts/tensors.ts';
import type { FeatureModel } from '../src/models/definition.ts';
import { findModel } from '../src/models/registry.ts';
import { fillNormal } from '../src/random/fill.ts';
import { randomStream } from '../src/random/stream.ts';
import { initialiseWeights } from '../src/transfer/initialise.ts';

/** A regression by an MLP, the same for `rootstock run` and for a bare loop. JSON. */
export interface Workload {
  /** Absolute; holds the files that `writeWorkload` writes. */
  readonly directory: string;
  readonly rows: number;
  /** Inputs per row. */
  readonly width: number;
  readonly numLayers: number;
  readonly hiddenDim: number;
  readonly batchSize: number;
  readonly lr: number;
  readonly seed: number;
  readonly stages: readonly WorkloadStage[];
}

/** A stage trains everything outside these modules. */
export interface WorkloadStage {
  readonly name: string;
  readonly freeze: readonly string[];
  readonly epochs: number;
}

/** The names of a workload's files in its directory. */
export const FILES = { rows: 'rows.jsonl', numbers: 'rows.f32', preTrained: 'pretrained', run: 'run.yaml' } as const;

/** The model of every workload. */
export const MODEL = findModel('mlp_regressor', []) as FeatureModel;

/** Optimizer steps of the whole workload; the last short batch of an epoch is dropped. */
export function countSteps({ rows, batchSize, stages }: Workload): number {
  return stages.reduce((sum, { epochs }) => sum + epochs * Math.floor(rows / batchSize), 0);
}

/** The model's own hyperparameters. */
export function modelConfig({ numLayers, hiddenDim }: Workload): JsonObject {
  return { num_layers: numLayers, hidden_dim: hiddenDim };
}

/** Names and shapes of the model's tensors. */
export function treeOf(workload: Workload): ModuleTree {
  return MODEL.describe(modelConfig(workload), { inputWidth: workload.width, outputWidth: 1 });
}

/** The weights both sides start from. */
export function preTrainedWeights(workload: Workload): Weights {
  return initialiseWeights(treeOf(workload), workload.seed);
}

/**
 * Writes what both sides read: rows with a list column as JSONL for a run file, the same rows as raw float32 for a bare loop (x, then y),
 * a pre-trained model, and the run file with a snapshot every five seconds. Targets are a noisy sum of the inputs, so that there is something to learn.
 */
export async function writeWorkload(workload: Workload): Promise<void> {
  const { directory, rows, width, seed } = workload;
  const numbers = new Float32Array(rows * (width + 1));
  fillNormal(numbers, 0, 1, randomStream(seed, 'bench', 'rows'));
  const [x, y] = [numbers.subarray(0, rows * width), numbers.subarray(rows * width)];
  const lines = Array.from({ length: rows }, (_, row) => {
    const inputs = x.subarray(row * width, (row + 1) * width);
    y[row] = Math.fround((y[row] ?? 0) / 10 + inputs.reduce((sum, value) => sum + value, 0) / Math.sqrt(width));
    return JSON.stringify({ id: row, x: [...inputs], y: y[row] });
  });
  await mkdir(join(directory, FILES.preTrained), { recursive: true });
  await writeFile(join(directory, FILES.rows), `${lines.join('\n')}\n`);
  await writeFile(join(directory, FILES.numbers), numbers);
  await writeFile(join(directory, FILES.preTrained, 'weights.safetensors'), weightsToChunks(preTrainedWeights(workload)));
  const saved = { name: MODEL.name, config: { ...modelConfig(workload), x_features: ['x'], y_features: ['y'] }, x_widths: { x: width } };
  await writeFile(join(directory, FILES.preTrained, 'model_config.json'), JSON.stringify(saved));
  await writeFile(join(directory, FILES.run), JSON.stringify(runDocument(workload), null, 2));
}

/** The run file (JSON is YAML). Shuffling is off, as in the bare loop. */
function runDocument(workload: Workload): JsonObject {
  const { seed, batchSize, lr, stages } = workload;
  return {
    name: 'bench',
    seed,
    data: { train: FILES.rows, row_id: 'id' },
    model: {
      name: MODEL.name,
      config: {
        ...modelConfig(workload),
        x_features: ['x'],
        y_features: ['y'],
        datamodule: { train: { batch_size: batchSize, shuffle: false } },
        trainer: { snapshot: { every_seconds: 5 } },
        optimizer: { name: 'Adam', config: { lr } },
        transfer_learning: {
          pre_trained_model_path: FILES.preTrained,
          stages: stages.map(({ name, freeze, epochs }) => ({
            name,
            ...(freeze.length === 0 ? {} : { freeze_modules: [...freeze] }),
            trainer: { max_epochs: epochs },
          })),
        },
      },
    },
    output: { path: 'output' },
  };
}
