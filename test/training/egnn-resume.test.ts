import assert from 'node:assert/strict';
import test from 'node:test';
import { memory } from '@tensorflow/tfjs-core';
import { loadBackend } from '../../src/kernels/backend.ts';
import type { GraphModel } from '../../src/models/definition.ts';
import { findModel } from '../../src/models/registry.ts';
import { type GoldenModelConfig, type GoldenMolecule, readJson, SYNTHETIC } from '../models/egnn/molecules.ts';
import { egnnStage } from './egnn-stage.ts';
import { digestState, lastState, record } from './support.ts';

/** Everything that a step draws or keeps beside weights: noise, dropout, moving atoms, BatchNorm's statistics, the order of rows. */
const CASES = [
  ['egnn_model', { jitter: 0.05, dropout: 0.2, modify_coords: true, num_rbf: 3 }],
  ['adapter_egnn_model', { ratio_adapter_down: 4, dropout: 0.2 }],
  ['mean_var_egnn_model', { y_graph_scalars_loss_config: undefined }],
  ['ssf_egnn_model', {}],
] as const;

for (const [name, hyperparameters] of CASES) {
  test(`a stage of ${name} resumed from any step ends bit for bit as an undisturbed one, and no step leaves a tensor behind`, async () => {
    await loadBackend('wasm');
    const setup = stageOf(name, hyperparameters);
    const golden = await record(setup, { snapshotEveryStep: true });
    const digest = digestState(lastState(golden.log));
    const states = golden.log.snapshots.map(({ state }) => state);
    const before = memory().numTensors;
    for (const state of states.slice(0, -1)) {
      const resumed = await record(setup, { resume: structuredClone(state) });
      assert.equal(digestState(lastState(resumed.log)), digest, `resumed at step ${state.counters.step}`);
    }
    assert.equal(memory().numTensors, before);
  });
}

function stageOf(name: string, hyperparameters: Readonly<Record<string, unknown>>) {
  const golden = readJson(SYNTHETIC, 'b_egnn/model_config_input.json') as GoldenModelConfig;
  const config = JSON.parse(JSON.stringify({ ...golden.config, num_layers: 1, ...hyperparameters })) as GoldenModelConfig['config'];
  return egnnStage(
    { ...golden, config },
    {
      definition: findModel(name) as GraphModel,
      molecules: (readJson(SYNTHETIC, 'b_egnn/molecules.json') as readonly GoldenMolecule[]).slice(0, 10),
      weights: null,
      shuffle: true,
      optimizer: { name: 'AdamW', config: { lr: 0.01 } },
      batchSize: 4,
      epochs: 2,
    },
  );
}
