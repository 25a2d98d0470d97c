import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { weightsToChunks } from '../../src/artifacts/safetensors/write.ts';
import { NUMERICS_VERSION } from '../../src/contracts/numerics-version.ts';
import type { FeatureDataset } from '../../src/data/dataset.ts';
import { loadBackend } from '../../src/kernels/backend.ts';
import { type GoldenModelConfig, type GoldenMolecule, readJson, readWeights, SYNTHETIC } from '../models/egnn/molecules.ts';
import { egnnStage } from './egnn-stage.ts';
import { lastState, makeDataset, makeHardSetup, makeSetup, record } from './support.ts';

/** Made by this very test; WebAssembly gives the same bits on every machine, the cpu oracle only nearly (Math.exp is the engine's). Each line may change only together with NUMERICS_VERSION (before the first release: with a word in the commit). */
const GOLDEN: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  1: {
    'mlp on wasm': 'a82e17e9850ac9201e78e665c67573f06ac9d3e8b4acd7b6903db2d833fca3be',
    'cnn on wasm': '463270f59fdbb1aab47c506134f04646c5072995f1c0f08df026fd2210ae3ba0',
  },
  2: {
    'mlp on wasm': '32510144c5f4e2032ab87a02d12bbf978004170b2ee2329edb9784217c7c14e5',
    'cnn on wasm': '463270f59fdbb1aab47c506134f04646c5072995f1c0f08df026fd2210ae3ba0',
    'egnn on wasm': 'fa52a54353b350fd6df065b70e5d2c2b5cdc25e5c2d3cff10581741f4a75457f',
  },
  3: {
    'mlp on wasm': '32510144c5f4e2032ab87a02d12bbf978004170b2ee2329edb9784217c7c14e5',
    'cnn on wasm': '463270f59fdbb1aab47c506134f04646c5072995f1c0f08df026fd2210ae3ba0',
    'egnn on wasm': '6bd2840e7643dae7906adb5ab04bb79834ab6e42551d5ff9edd069be4748e3b9',
    'egnn that moves its atoms on wasm': 'd26995dcc6b4f19806ebc9813b3484f5f2bbed8ecf8577cb9923f9c074ce7471',
  },
  // Losses of evaluations are means over their terms, not over molecules: other best weights and stops, the same steps.
  4: {
    'mlp on wasm': '32510144c5f4e2032ab87a02d12bbf978004170b2ee2329edb9784217c7c14e5',
    'cnn on wasm': '463270f59fdbb1aab47c506134f04646c5072995f1c0f08df026fd2210ae3ba0',
    'egnn on wasm': '6bd2840e7643dae7906adb5ab04bb79834ab6e42551d5ff9edd069be4748e3b9',
    'egnn that moves its atoms on wasm': 'd26995dcc6b4f19806ebc9813b3484f5f2bbed8ecf8577cb9923f9c074ce7471',
  },
};

const SETUPS = {
  'mlp on wasm': () => makeHardSetup(),
  'cnn on wasm': cnnSetup,
  'egnn on wasm': egnnSetup,
  'egnn that moves its atoms on wasm': movingEgnnSetup,
};

for (const [name, make] of Object.entries(SETUPS)) {
  test(`the numbers of version ${NUMERICS_VERSION} are what they were: ${name}`, async () => {
    await loadBackend('wasm');
    const { weights } = lastState((await record(await make())).log);
    const hash = createHash('sha256');
    for (const chunk of weightsToChunks(weights)) hash.update(chunk);
    assert.equal(
      hash.digest('hex'),
      GOLDEN[NUMERICS_VERSION]?.[name],
      'training gives other numbers: raise NUMERICS_VERSION (stage keys must not reuse old results), or undo the change',
    );
  });
}

/** The first stage of b_egnn: 70 molecules, edges sorted and unsorted, messages gathered in one pass. */
async function egnnSetup() {
  return egnnStage(goldenConfig(), {
    molecules: readJson(SYNTHETIC, 'b_egnn/molecules.json') as readonly GoldenMolecule[],
    weights: await readWeights(SYNTHETIC, 'b_egnn/init.safetensors'),
    optimizer: { name: 'AdamW', config: { lr: 0.005 } },
    batchSize: 16,
    epochs: 2,
  });
}

/** The same molecules where atoms move and Dropout runs, from fresh weights: messages go layer by layer. */
function movingEgnnSetup() {
  return egnnStage(
    { ...goldenConfig(), config: { ...goldenConfig().config, modify_coords: true, dropout: 0.1, num_rbf: 3 } },
    {
      molecules: readJson(SYNTHETIC, 'b_egnn/molecules.json') as readonly GoldenMolecule[],
      weights: null,
      optimizer: { name: 'AdamW', config: { lr: 0.005 } },
      batchSize: 16,
      epochs: 1,
    },
  );
}

function goldenConfig(): GoldenModelConfig {
  return readJson(SYNTHETIC, 'b_egnn/model_config_input.json') as GoldenModelConfig;
}

/** Two classes told apart by the sign of the mean; 6 x 6 images. */
function imageDataset(rows: number, seed: number): FeatureDataset {
  const base = makeDataset(rows, 36, seed);
  return {
    ...base,
    y: Int32Array.from({ length: rows }, (_, row) => (base.x.subarray(row * 36, (row + 1) * 36).reduce((a, b) => a + b, 0) > 0 ? 1 : 0)),
  };
}

function cnnSetup() {
  return makeSetup({
    model: 'cnn_classifier',
    config: { input_shape: [1, 6, 6], channels: [3, 4], hidden_dim: 5, classes: ['minus', 'plus'], batch_norm: true, dropout: 0.2 },
    data: { ...imageDataset(24, 3), targetWidth: 2 },
    validation: { ...imageDataset(9, 4), targetWidth: 2 },
    optimizer: { name: 'AdamW', config: { lr: 0.01 } },
  });
}
