import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { weightsToChunks } from '../../src/artifacts/safetensors/write.ts';
import type { JsonObject } from '../../src/contracts/json.ts';
import { builtinModels } from '../../src/models/registry.ts';
import { type PlannedRun, planRun } from '../../src/planner/plan-run.ts';
import { readRunFile } from '../../src/planner/run-file.ts';
import { initialiseWeights } from '../../src/transfer/initialise.ts';
import { temporaryDirectory } from '../helpers/store-faults.ts';
import { mlp } from '../transfer/trees.ts';

/** A directory of run files with data.csv: columns id, a, b, y and the label kind. */
export async function makeDirectory(t: TestContext, kinds: readonly string[] = ['cat', 'dog']): Promise<string> {
  const directory = await temporaryDirectory(t);
  const rows = Array.from({ length: 60 }, (_, row) => `${row},${row / 10},${-row},${row % 7},${kinds[row % kinds.length]}`);
  await writeFile(join(directory, 'data.csv'), `id,a,b,y,kind\n${rows.join('\n')}\n`);
  return directory;
}

/** What a test varies of a run file. */
export interface Variation {
  readonly name?: string;
  readonly preTrained?: string;
  readonly data?: JsonObject;
  readonly config?: JsonObject;
  readonly model?: string;
  readonly seed?: number;
  readonly output?: string;
}

/** A run of a small network on data.csv, as it is written. */
export function runDocument({
  name = 'small',
  preTrained,
  data,
  config,
  model = 'mlp_regressor',
  seed,
  output,
}: Variation = {}): JsonObject {
  return {
    name,
    ...(seed === undefined ? {} : { seed }),
    data: data ?? { source: 'data.csv', row_id: 'id', split: { name: 'shuffle_split' } },
    model: {
      name: model,
      config: {
        x_features: ['a', 'b'],
        y_features: ['y'],
        hidden_dim: 3,
        datamodule: { train: { batch_size: 4 } },
        trainer: { max_epochs: 1 },
        ...(preTrained === undefined ? {} : { transfer_learning: { pre_trained_model_path: preTrained, stages: [{}] } }),
        ...config,
      },
    },
    output: { path: output ?? `models/${name}` },
  };
}

/** Writes a run file and returns its path. */
export async function writeRun(directory: string, file: string, document: JsonObject): Promise<string> {
  const path = join(directory, file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, JSON.stringify(document));
  return path;
}

/** Plans a run file with the built-in models. */
export async function planFile(path: string): Promise<PlannedRun> {
  return planRun(await readRunFile(path, { models: builtinModels }), { models: builtinModels, cacheDir: null });
}

/** Writes a saved model of runDocument's network, as a run would publish it; returns its directory. */
export async function writeModel(directory: string, place: string, manifest: JsonObject | null = null): Promise<string> {
  const model = join(directory, place);
  await mkdir(model, { recursive: true });
  await writeFile(join(model, 'weights.safetensors'), Buffer.concat([...weightsToChunks(initialiseWeights(mlp(2, 3, 1), 5))]));
  await writeFile(join(model, 'model_config.json'), JSON.stringify({ name: 'mlp_regressor', config: { hidden_dim: 3 } }));
  if (manifest !== null) await writeFile(join(model, 'manifest.json'), JSON.stringify(manifest));
  return model;
}
