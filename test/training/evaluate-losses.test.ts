import assert from 'node:assert/strict';
import test from 'node:test';
import { memory } from '@tensorflow/tfjs-core';
import type { InputFacts } from '../../src/contracts/graphs.ts';
import type { Json, JsonObject } from '../../src/contracts/json.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import { loadBackend } from '../../src/kernels/backend.ts';
import type { GraphModel, ModelDefinition } from '../../src/models/definition.ts';
import { findModel } from '../../src/models/registry.ts';
import { composedOps } from '../../src/ops/composed-ops.ts';
import { batchesHere } from '../../src/training/batch-source.ts';
import { evaluate } from '../../src/training/evaluate.ts';
import { initialiseWeights } from '../../src/transfer/initialise.ts';
import { FACTS, makeGraphDataset, NEIGHBOURS } from './graph-support.ts';
import { makeDataset } from './support.ts';

const ROWS = 9;
const SIZES = { num_node_feats: 3, num_layers: 1, c_hidden: 4 };
const MSE = { name: 'MSELoss' };
const MASKED = { name: 'MaskedMSELoss' };
/** Sums of at most 50 float32 terms; measured: 3e-7. */
const TOLERANCE = 2e-6;

/** Losses by head; every third target of an atom is missing, and where `holes` says so the first target of a molecule. */
const CASES: readonly { readonly name: string; readonly model?: string; readonly losses: JsonObject; readonly holes?: boolean }[] = [
  { name: 'a head of molecules', losses: { y_graph_scalars_loss_config: MSE } },
  { name: 'a head of atoms with missing targets', losses: { y_node_scalars_loss_config: MASKED } },
  { name: 'heads of molecules and atoms', losses: { y_graph_scalars_loss_config: MSE, y_node_scalars_loss_config: MASKED } },
  {
    name: 'one loss per column, with missing targets',
    losses: { y_graph_scalars_loss_config: multiTask(MSE, { name: 'L1Loss' }) },
    holes: true,
  },
  {
    name: 'cross entropy with weights',
    losses: { y_graph_scalars_loss_config: { name: 'CrossEntropyLoss', weight: 0.5, config: { weight: [0.5, 2] } } },
  },
  { name: 'a sum', losses: { y_graph_scalars_loss_config: { name: 'HuberLoss', config: { reduction: 'sum' } } } },
  { name: 'a mean and a standard deviation', model: 'mean_var_egnn_model', losses: { y_node_scalars_loss_config: MASKED } },
];

for (const { name, model = 'egnn_model', losses, holes = false } of CASES) {
  test(`the loss of an evaluation is that of all rows as one batch: ${name}`, async () => {
    const dataset = makeGraphDataset(ROWS, 2);
    const graph = dataset.targets.y_graph_scalars?.values ?? new Float32Array(0);
    // One column has a hole in the molecules 0 and 1, the other none.
    if (holes) for (const at of [0, 2]) graph[at] = Number.NaN;
    await expectEqual(findModel(model, []), { config: { ...SIZES, ...losses }, facts: FACTS, dataset });
  });
}

for (const loss of [undefined, { name: 'L1Loss', config: { reduction: 'sum' } }]) {
  test(`the loss of an evaluation is that of all rows as one batch: plain features, ${loss?.name ?? 'the default loss'}`, async () => {
    const config = { num_layers: 1, ...(loss === undefined ? {} : { loss_config: loss }) };
    const facts = { inputWidth: 3, outputWidth: 1 };
    await expectEqual(findModel('mlp_regressor', []), { config, facts, dataset: makeDataset(ROWS, 3, 1) });
  });
}

test('a model without terms of its losses has means of batch losses, weighted by rows', async () => {
  const definition = Object.fromEntries(Object.entries(findModel('egnn_model', [])).filter(([key]) => key !== 'lossTerms'));
  const at = { config: { ...SIZES, y_graph_scalars_loss_config: MSE }, facts: FACTS, dataset: makeGraphDataset(ROWS, 2) };
  await expectEqual(definition as unknown as GraphModel, at);
});

async function expectEqual(
  definition: ModelDefinition,
  at: { readonly config: JsonObject; readonly facts: InputFacts; readonly dataset: Dataset },
): Promise<void> {
  await loadBackend('wasm');
  const before = memory().numTensors;
  const whole = await lossesOf(definition, at, ROWS);
  assert.ok(Math.abs(Number(whole['test/total/loss'])) > 0.01, JSON.stringify(whole));
  for (const batchSize of [1, 2, 4]) {
    const parts = await lossesOf(definition, at, batchSize);
    for (const [key, value] of Object.entries(whole)) {
      if (value === 'NaN') assert.equal(parts[key], 'NaN', key);
      else
        assert.ok(
          Math.abs(Number(parts[key]) - Number(value)) <= TOLERANCE * Math.abs(Number(value)),
          `${key}: ${JSON.stringify([parts[key], value])}`,
        );
    }
  }
  assert.equal(memory().numTensors, before);
}

async function lossesOf(
  definition: ModelDefinition,
  { config, facts, dataset }: { readonly config: JsonObject; readonly facts: InputFacts; readonly dataset: Dataset },
  batchSize: number,
): Promise<Readonly<Record<string, Json>>> {
  return evaluate({
    model: { definition, config, facts, ops: composedOps() },
    weights: initialiseWeights(definition.describe(config, facts), 4),
    dataset,
    batches: batchesHere(dataset, dataset.kind === 'graphs' ? NEIGHBOURS : null),
    batchSize,
    dropLast: false,
    limit: null,
    metrics: [],
    prefix: 'test',
    between: () => Promise.resolve(),
  });
}

function multiTask(...losses: readonly JsonObject[]): JsonObject {
  return { name: 'MultiTaskLoss', config: { losses_configs: [...losses] } };
}
