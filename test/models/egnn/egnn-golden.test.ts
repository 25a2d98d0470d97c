import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { buildGraphBatch } from '../../../src/data/graphs/build-graph-batch.ts';
import { loadBackend } from '../../../src/kernels/backend.ts';
import { egnnModel } from '../../../src/models/egnn/egnn-model.ts';
import { plainBody } from '../../../src/models/egnn/plain-body.ts';
import { readEgnnSettings } from '../../../src/models/egnn/settings.ts';
import { enter, rootScope } from '../../../src/models/nn/scope.ts';
import { uploadGraphBatch } from '../../../src/training/graph-batches.ts';
import { BACKENDS } from '../../helpers/backends.ts';
import { assertClose, assertWithin, floats } from '../support.ts';
import {
  evalContext,
  type GoldenModelConfig,
  type GoldenMolecule,
  QM9,
  readJson,
  readParams,
  SYNTHETIC,
  toDataset,
  toFacts,
  toNeighbours,
} from './molecules.ts';

// physicsml's float32 forward passes (test/fixtures/golden/README.md); both sides sum in float32 in other orders.
// Relative to the largest of the array.
const TOLERANCE = 1e-5;

/** The largest spacing of float32 numbers, relative to them. */
const FLOAT32 = 2 ** -23;

const ENERGY = 'physicsml_total_atomic_energy';

const VARIANTS = ['mean_pool_scaled_tanh', 'rbf_coords', 'small_cutoff_u0'];

for (const [name, folder] of [
  ['synthetic molecules', SYNTHETIC],
  ['QM9 molecules', QM9],
] as const) {
  const skip = existsSync(folder) ? false : `no golden data of ${name}: ${folder} is not there`;
  // The cpu backend is slow: it computes the smallest cases only.
  for (const backend of name === 'synthetic molecules' ? BACKENDS : BACKENDS.filter((other) => other !== 'cpu')) {
    void test(`on ${backend} a saved model predicts ${name} as physicsml does, block by block`, { skip }, async () => {
      await loadBackend(backend);
      const model = readJson(folder, 'a_saved_egnn/model/model_config.json') as GoldenModelConfig;
      const golden = readJson(folder, 'a_saved_egnn/predictions.json') as Predictions;
      const params = await readParams(folder, 'a_saved_egnn/state_dict.safetensors');
      const count = backend === 'cpu' ? 4 : golden.molecules.length;
      const predicted = predict(model, golden.molecules.slice(0, count), params);
      assertClose(predicted, golden.forward_f32.slice(0, count), { tolerance: TOLERANCE, what: 'predictions' });
      const expected = readJson(folder, 'a_saved_egnn/activations_first2.json') as Readonly<Record<string, number[][]>>;
      for (const [block, values] of Object.entries(activations(model, golden.molecules.slice(0, 2), params))) {
        assertClose(values, (expected[block] ?? []).flat(), { tolerance: TOLERANCE, what: block });
      }
    });

    for (const variant of VARIANTS) {
      void test(`on ${backend} the variant ${variant} predicts ${name} as physicsml does`, { skip }, async () => {
        await loadBackend(backend);
        const { config, ...golden } = readJson(folder, `a_variants/${variant}/case.json`) as Predictions & {
          readonly config: GoldenModelConfig;
        };
        const params = await readParams(folder, `a_variants/${variant}/state_dict.safetensors`);
        assertClose(predict(config, golden.molecules, params), golden.forward_f32, { tolerance: TOLERANCE, what: 'predictions' });
        if (config.config.x_features.includes(ENERGY)) assertWithoutEnergies(config, golden, params);
      });
    }
  }

  void test(`names, shapes and order of tensors are those of a model that physicsml saved (${name})`, { skip }, () => {
    const model = readJson(folder, 'a_saved_egnn/model/model_config.json') as GoldenModelConfig;
    const expected = readJson(folder, 'a_saved_egnn/state_dict_shapes.json') as Readonly<Record<string, [number[], string]>>;
    const { tensors } = egnnModel.describe(model.config, toFacts(model));
    assert.deepEqual(
      tensors.map(({ path, shape }) => [path, shape]),
      Object.entries(expected).map(([path, [shape]]) => [path, shape]),
    );
  });
}

interface Predictions {
  readonly molecules: readonly GoldenMolecule[];
  readonly forward_f32: readonly number[];
  readonly forward_f64: readonly number[];
}

/**
 * The energies of the atoms, float32 also where physicsml computes in float64, are hundreds of Hartree, and the network adds less than one:
 * predictions are compared one by one to one rounding, and what the network adds by itself, to the tolerance.
 */
function assertWithoutEnergies(model: GoldenModelConfig, golden: Predictions, params: Record<string, tf.Tensor>): void {
  const energies = golden.molecules.map((molecule) => Math.fround(molecule[ENERGY] ?? Number.NaN));
  for (const [row, value] of predict(model, golden.molecules, params).entries()) {
    const expected = golden.forward_f32[row] ?? Number.NaN;
    assertWithin([value], [expected], { limit: FLOAT32 * Math.abs(expected), what: `prediction ${row}` });
  }
  assertClose(
    predict(withoutEnergies(model), golden.molecules, params),
    golden.forward_f64.map((value, row) => value - (energies[row] ?? Number.NaN)),
    { tolerance: TOLERANCE, what: 'predictions less the energies of the atoms' },
  );
}

function withoutEnergies({ name, config }: GoldenModelConfig): GoldenModelConfig {
  return { name, config: { ...config, x_features: config.x_features.filter((column) => column !== ENERGY) } };
}

function predict(model: GoldenModelConfig, molecules: readonly GoldenMolecule[], params: Record<string, tf.Tensor>): Float32Array {
  const graphs = load(model, molecules);
  const outputs = tf.tidy(() => egnnModel.forward(params, graphs, evalContext(model.config, toFacts(model))).y_graph_scalars as tf.Tensor);
  return floats(outputs);
}

/** Node features after the embedding and after each block, by the names of the golden file. */
function activations(
  model: GoldenModelConfig,
  molecules: readonly GoldenMolecule[],
  params: Record<string, tf.Tensor>,
): Record<string, Float32Array> {
  const graphs = load(model, molecules);
  const settings = readEgnnSettings(model.config);
  const seen: Record<string, Float32Array> = {};
  tf.tidy(() => {
    const scope = enter(rootScope(params, evalContext(model.config, toFacts(model))), 'egnn');
    plainBody.forward(scope, settings, {
      graphs,
      coordinates: graphs.coordinates,
      numLayersEmbedding: settings.numLayersPhi,
      readsEdges: false,
      afterBlock(position, before, after) {
        if (position === 0) seen['embed_nodes'] = floats(before);
        seen[position === 0 ? 'egnn_embedding_block.node_feats' : `egnn_blocks.${position - 1}.node_feats`] = floats(after);
        return after;
      },
    });
  });
  return seen;
}

function load(model: GoldenModelConfig, molecules: readonly GoldenMolecule[]) {
  const rows = molecules.map((_, row) => row);
  return uploadGraphBatch(buildGraphBatch(toDataset(molecules, model), rows, toNeighbours(model)));
}
