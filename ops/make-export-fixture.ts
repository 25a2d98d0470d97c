import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { weightsToChunks } from '../src/artifacts/safetensors/write.ts';
import { parseSavedModel } from '../src/artifacts/saved-model/parse.ts';
import { type ExportFormat, exportModel } from '../src/client/export-model.ts';
import type { JsonObject } from '../src/contracts/json.ts';
import type { Plan } from '../src/contracts/plan.ts';
import { builtinModels, findModel } from '../src/models/registry.ts';
import { modelConfigDocument } from '../src/plan/model-config-document.ts';
import { initialiseWeights } from '../src/transfer/initialise.ts';

// Makes saved models with fresh weights, and what `rootstock export --format physicsml` makes of them, for ops/verify-export.py:
//
//     node --import tsx ops/make-export-fixture.ts DIRECTORY
//     python ops/verify-export.py DIRECTORY test/fixtures/golden/export_verified.json
//
// Everything is a function of the numbers in this file, so that a test can make the same directories and compare their digests.

/**
 * What is made below the directory: `saved/<case>`, `exported/<case>` as physicsml, `tensors/<case>.pt` and `tensors/<case>.safetensors`, and
 * `inputs.json` with the columns to predict from.
 */
export async function makeExportFixture(directory: string): Promise<void> {
  for (const folder of ['saved', 'exported', 'tensors']) await mkdir(join(directory, folder), { recursive: true });
  await writeFile(join(directory, 'inputs.json'), `${JSON.stringify({ molecules: MOLECULES, rows: ROWS })}\n`);
  for (const [index, [name, document]] of Object.entries(CASES).entries()) {
    const saved = join(directory, 'saved', name);
    await mkdir(saved);
    const model = parseSavedModel(document, saved);
    const tree = findModel(model.name).describe(model.config, model.facts);
    await writeFile(join(saved, 'model_config.json'), JSON.stringify(document));
    await writeFile(join(saved, 'weights.safetensors'), Buffer.concat([...weightsToChunks(initialiseWeights(tree, 40 + index))]));
    const write = (format: ExportFormat, out: string) =>
      exportModel({ model: saved, format, out: join(directory, out), models: builtinModels });
    await write('physicsml', join('exported', name));
    await write('torch', join('tensors', `${name}.pt`));
    await write('safetensors', join('tensors', `${name}.safetensors`));
  }
}

/** A plain linear congruential generator (Numerical Recipes), 0 .. 1. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

const random = generator(7);
const rounded = (value: number) => Math.round(value * 1e4) / 1e4;

/** Random atoms on a jittered grid; bonds along its first axis. */
const MOLECULES = columnsOf(
  Array.from({ length: 8 }, (_, molecule) => {
    const atoms = 3 + molecule;
    const bonded = Array.from({ length: atoms - 1 }, (_unused, atom) => atom).filter((atom) => atom % 3 < 2);
    const place = (atom: number) =>
      [atom % 3, Math.floor(atom / 3) % 3, Math.floor(atom / 9)].map((cell) => rounded(1.4 * cell + 0.4 * random()));
    return {
      physicsml_atom_idxs: Array.from({ length: atoms }, (_unused, atom) => atom),
      physicsml_atom_numbers: Array.from({ length: atoms }, () => Math.floor(random() * 5)),
      physicsml_coordinates: Array.from({ length: atoms }, (_unused, atom) => place(atom)),
      physicsml_atom_features: Array.from({ length: atoms }, () => [rounded(random()), rounded(random() - 1)]),
      physicsml_bond_idxs: bonded.map((atom) => [atom, atom + 1]),
      physicsml_bond_features: bonded.map(() => [rounded(random()), rounded(2 * random()), 1]),
      physicsml_total_atomic_energy: rounded(-10 * random()),
      charge: [rounded(random() - 0.5)],
    };
  }),
);

const ROWS = columnsOf(
  Array.from({ length: 8 }, () => ({
    a: rounded(random()),
    b: rounded(4 * random() - 2),
    c: Array.from({ length: 3 }, () => rounded(random())),
  })),
);

function columnsOf<T extends object>(rows: readonly T[]): Readonly<Record<string, readonly unknown[]>> {
  return Object.fromEntries(Object.keys(rows[0] ?? {}).map((name) => [name, rows.map((row) => row[name as keyof T])]));
}

const PLAIN = ['physicsml_atom_idxs', 'physicsml_atom_numbers', 'physicsml_coordinates'];

function egnn(
  name: string,
  more: {
    readonly x?: readonly string[];
    readonly y?: readonly string[];
    readonly datamodule?: JsonObject;
    readonly config?: JsonObject;
  } = {},
): JsonObject {
  const y = more.y ?? ['u0'];
  return {
    name,
    config: {
      x_features: [...PLAIN, ...(more.x ?? [])],
      y_features: y,
      datamodule: { num_elements: 5, cut_off: 4, y_graph_scalars: y, predict: { batch_size: 4 }, ...more.datamodule },
      num_node_feats: 5,
      num_layers: 2,
      c_hidden: 8,
      ...(name === 'mean_var_egnn_model' ? {} : { y_graph_scalars_loss_config: { name: 'MSELoss' } }),
      ...more.config,
    },
  };
}

/** What a run publishes: every section resolved, with what planning knows beside it. */
function published(): JsonObject {
  const stage = {
    trainer: {
      maxEpochs: 4,
      maxSteps: -1,
      minEpochs: null,
      minSteps: null,
      limitTrainBatches: null,
      limitValBatches: 2,
      limitTestBatches: null,
      checkValEveryNEpoch: 1,
      numSanityValSteps: 2,
      accumulateGradBatches: 2,
      gradientClipVal: 0.5,
      gradientClipAlgorithm: 'norm',
      logEveryNSteps: 50,
    },
    optimizer: { name: 'AdamW', config: { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.01, amsgrad: false, maximize: false } },
    scheduler: { name: 'CosineAnnealingLR', config: { T_max: 40, eta_min: 0 }, interval: 'step', frequency: 1 },
    datamodule: {
      train: { batchSize: 8, dropLast: true, shuffle: true },
      validation: { batchSize: 8, dropLast: false },
      test: { batchSize: 8 },
      predict: { batchSize: 4 },
      neighbours: { cutOff: 3.5, selfInteraction: false, cell: null },
    },
  };
  const document = egnn('egnn_model');
  const { name, config, xFeatures, yFeatures, facts, graph } = parseSavedModel(document, 'published');
  const model = { name, config: { ...config, num_node_feats: null }, xFeatures, yFeatures, facts, definitionVersion: '1' };
  const plan = { model, data: { request: { graph: graph?.columns }, facts: { xWidths: {} } }, stages: [stage] };
  return modelConfigDocument(plan as unknown as Plan);
}

const CASES: Readonly<Record<string, JsonObject>> = {
  lightning_mlp_regressor: {
    name: 'lightning_mlp_regressor',
    config: { x_features: ['a', 'b', 'c'], y_features: ['y', 'z'], input_dim: 5, num_layers: 3, hidden_dim: 8, num_tasks: 2 },
  },
  mlp_regressor: {
    name: 'mlp_regressor',
    config: { x_features: ['a', 'b'], y_features: ['y'], hidden_dim: 4, activation: 'SiLU', dropout: 0, batch_norm: false },
    x_widths: { a: 1, b: 1 },
  },
  egnn_model: egnn('egnn_model'),
  egnn_model_with_everything: egnn('egnn_model', {
    x: ['physicsml_atom_features', 'physicsml_bond_idxs', 'physicsml_bond_features', 'physicsml_total_atomic_energy', 'charge'],
    y: ['u0', 'gap'],
    datamodule: { graph_attrs_cols: ['charge'], self_interaction: false },
    config: {
      num_node_feats: 7,
      num_edge_feats: 3,
      num_graph_feats: 1,
      num_rbf: 4,
      modify_coords: true,
      pool_type: 'mean',
      num_layers_phi: 3,
      mlp_activation: 'Tanh',
      scaling_mean: 0.5,
      scaling_std: 2,
    },
  }),
  mean_var_egnn_model: egnn('mean_var_egnn_model'),
  adapter_egnn_model: egnn('adapter_egnn_model', { config: { ratio_adapter_down: 2 } }),
  ssf_egnn_model: egnn('ssf_egnn_model'),
  published_egnn_model: published(),
  egnn_model_with_all_heads: egnn('egnn_model', {
    x: ['physicsml_bond_idxs', 'physicsml_bond_features'],
    y: ['partial_charge', 'spin', 'bond_order', 'u0'],
    datamodule: { y_node_scalars: ['partial_charge', 'spin'], y_edge_scalars: ['bond_order'], y_graph_scalars: ['u0'] },
    config: {
      num_edge_feats: 3,
      y_node_scalars_loss_config: { name: 'L1Loss' },
      y_edge_scalars_loss_config: { name: 'MSELoss', weight: 0.5 },
    },
  }),
};

if (import.meta.url === pathToFileURL(resolve(process.argv[1] ?? '')).href)
  await makeExportFixture(resolve(process.argv[2] ?? 'export-fixture'));
