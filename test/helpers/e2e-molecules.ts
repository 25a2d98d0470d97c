import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { weightsToChunks } from '../../src/artifacts/safetensors/write.ts';
import type { JsonObject } from '../../src/contracts/json.ts';
import { randomStream } from '../../src/random/stream.ts';
import { initialiseWeights } from '../../src/transfer/initialise.ts';
import { e2eEgnn } from './e2e-graph-model.ts';
import { openWorkspace, SNAPSHOT_STEPS, type Workspace } from './e2e-workspace.ts';

/** Kinds of atoms. */
const ELEMENTS = 3;
const CUT_OFF = 4;
/** Slow enough to hit a stage in the middle, on a busy machine too: 60 steps take three seconds. */
const DELAY_MS = 50;

/** Optimizer steps of each stage: 3 epochs of 160 molecules in batches of 8. */
export const MOLECULE_STEPS = 60;

const HYPERPARAMETERS = {
  num_node_feats: ELEMENTS,
  num_layers: 1,
  c_hidden: 6,
  dropout: 0.1,
  y_graph_scalars_loss_config: { name: 'MSELoss' },
} as const;

const CONFIG: JsonObject = {
  x_features: ['physicsml_atom_idxs', 'physicsml_atom_numbers', 'physicsml_coordinates', 'physicsml_total_atomic_energy'],
  y_features: ['energy'],
  ...HYPERPARAMETERS,
  datamodule: {
    y_graph_scalars: ['energy'],
    num_elements: ELEMENTS,
    cut_off: CUT_OFF,
    train: { batch_size: 8 },
    validation: { batch_size: 16 },
    test: { batch_size: 16 },
    predict: { batch_size: 16 },
  },
  optimizer: { name: 'AdamW', config: { lr: 0.01 } },
  trainer: { max_epochs: 3, log_every_n_steps: 10, snapshot: { every_steps: SNAPSHOT_STEPS } },
};

/** A run of two stages, the first with egnn frozen, and the same budget from scratch. */
const RUN: JsonObject = {
  name: 'e2e-molecules',
  seed: 3,
  data: { train: 'train.jsonl', validation: 'validation.jsonl', test: 'test.jsonl', row_id: 'mol_id' },
  model: {
    name: e2eEgnn.name,
    config: {
      ...CONFIG,
      transfer_learning: {
        pre_trained_model_path: 'pretrained',
        modules_to_match: { egnn: 'egnn' },
        stages: [
          { name: 'head', freeze_modules: ['egnn'] },
          { name: 'everything', optimizer: { config: { lr: 0.001 } } },
        ],
      },
    },
  },
  evaluation: { metrics: ['mae', 'rmse'], baseline: 'from_scratch' },
  output: { path: 'models/molecules' },
};

/** Makes a workspace of made-up molecules, a pre-trained EGNN and a run file; after the test its processes are killed and it is removed. */
export async function makeMoleculeWorkspace(t: TestContext): Promise<Workspace> {
  const workspace = await openWorkspace(t, 'run.yaml', DELAY_MS);
  const { root } = workspace;
  for (const [split, rows] of [
    ['train', 160],
    ['validation', 24],
    ['test', 24],
  ] as const)
    await writeFile(join(root, `${split}.jsonl`), table(split, rows));
  await writePreTrained(join(root, 'pretrained'));
  await writeFile(workspace.runFile, JSON.stringify(RUN, null, 2));
  return workspace;
}

/** Molecules of 3 to 7 atoms on a jittered line; the energy is a sum over pairs of neighbours, so that there is something to learn. */
function table(split: string, rows: number): string {
  const random = randomStream(1, 'e2e-molecules', split);
  return Array.from({ length: rows }, (_, row) => {
    const size = 3 + Math.floor(random.uniform() * 5);
    const numbers = Array.from({ length: size }, () => Math.floor(random.uniform() * ELEMENTS));
    const coordinates = numbers.map((_, atom) => [1.4 * atom, 0.5, 0].map((value) => Number((value + 0.6 * random.uniform()).toFixed(5))));
    const energy = numbers.reduce((sum, number, atom) => sum + (number + 1) * (numbers[atom + 1] ?? 0) * 0.1, 0);
    return `${JSON.stringify({
      mol_id: `${split}-${row}`,
      physicsml_atom_idxs: numbers.map((_, atom) => atom),
      physicsml_atom_numbers: numbers,
      physicsml_coordinates: coordinates,
      physicsml_total_atomic_energy: -0.5 * size,
      energy: energy - 0.5 * size,
    })}\n`;
  }).join('');
}

/** A saved model with the right shapes; where its weights come from does not matter here. */
async function writePreTrained(directory: string): Promise<void> {
  await mkdir(directory);
  const graph = {
    numElements: ELEMENTS,
    nodeAttrWidth: 0,
    edgeAttrWidth: 0,
    graphAttrWidth: 0,
    hasTotalAtomicEnergy: true,
    cutOff: CUT_OFF,
  };
  const facts = { inputWidth: 0, outputWidth: 1, graph: { ...graph, targets: { y_graph_scalars: 1 } } };
  const tree = e2eEgnn.describe(HYPERPARAMETERS, facts);
  await writeFile(join(directory, 'weights.safetensors'), Buffer.concat([...weightsToChunks(initialiseWeights(tree, 11))]));
  await writeFile(join(directory, 'model_config.json'), JSON.stringify({ name: e2eEgnn.name, config: CONFIG }));
}
