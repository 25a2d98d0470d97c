import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { JsonObject } from '../../src/contracts/json.ts';
import { writeRows } from '../data/graphs/molecule-fixtures.ts';
import { makeDirectory, planFile, writeRun } from './support.ts';

/** An egnn_model as physicsml saved it: two layers, 8 channels. */
const SAVED = join(import.meta.dirname, '../fixtures/golden/a_saved_egnn/model');
/** What the body of a plain EGNN shares with bodies that have something between their blocks. */
const SHARED = ['embed_nodes', 'egnn_embedding_block', 'egnn_blocks'];

/** A run that tunes the saved model by small modules between its frozen blocks. */
function document(name: string, root: string, change: JsonObject = {}): JsonObject {
  return {
    name: 'fine-tuning',
    data: { train: 'molecules.jsonl' },
    model: {
      name,
      config: {
        x_features: ['physicsml_atom_idxs', 'physicsml_atom_numbers', 'physicsml_coordinates'],
        y_features: ['u0'],
        num_node_feats: 5,
        num_layers: 2,
        c_hidden: 8,
        ...(name === 'adapter_egnn_model' ? { ratio_adapter_down: 4 } : {}),
        y_graph_scalars_loss_config: { name: 'MSELoss' },
        datamodule: { y_graph_scalars: ['u0'], num_elements: 5, train: { batch_size: 4 } },
        transfer_learning: {
          pre_trained_model_path: 'lumo',
          modules_to_match: Object.fromEntries(SHARED.map((module) => [`egnn.${module}`, `${root}.${module}`])),
          stages: [{ freeze_modules: SHARED.map((module) => `${root}.${module}`) }, {}],
          ...change,
        },
      },
    },
    output: { path: 'models/tuned' },
  };
}

async function prepare(t: TestContext): Promise<string> {
  const directory = await makeDirectory(t);
  await cp(SAVED, join(directory, 'lumo'), { recursive: true });
  await writeRows(
    join(directory, 'molecules.jsonl'),
    Array.from({ length: 12 }, (_, k) => ({
      physicsml_atom_idxs: [0, 1, 2],
      physicsml_atom_numbers: [3, 0, k % 5],
      physicsml_coordinates: [
        [0, 0, 0],
        [1, 0, 0],
        [0, 1 + k / 10, 0],
      ],
      u0: k,
    })),
  );
  return directory;
}

for (const [name, root, own] of [
  ['ssf_egnn_model', 'ssf_egnn', /^ssf_egnn\.ssf\.[0-2]\.(gamma|beta)$/u],
  ['adapter_egnn_model', 'adapter_egnn', /^adapter_egnn\.((adapters|s_params)_(before|after)|batch_norms)\./u],
] as const) {
  test(`${name} takes the blocks of a saved egnn_model and trains, while they are frozen, what stands between them and the head alone`, async (t) => {
    const directory = await prepare(t);
    const { plan } = await planFile(await writeRun(directory, 'run.yaml', document(name, root)));
    assert.ok(plan.initial.kind === 'pre_trained');
    const { matched } = plan.initial.match;
    assert.equal(matched.length, 4 + 3 * 12, 'two linear layers, and six in each of three blocks');
    for (const { from, to } of matched) assert.equal(to, from.replace(/^egnn\./u, `${root}.`));
    const [first, second] = plan.stages;
    const trained = first?.mask.trainable ?? [];
    const between = trained.filter((path) => !path.startsWith('pooling_head.'));
    assert.ok(between.length > 0);
    for (const path of between) assert.match(path, own);
    assert.deepEqual([...(first?.mask.frozen ?? [])].sort(), matched.map(({ to }) => to).sort());
    assert.deepEqual(second?.mask.frozen, []);
  });

  test(`a whole body cannot be copied into one that has more between its blocks: ${name} names what is missing`, async (t) => {
    const directory = await prepare(t);
    const whole = document(name, root, { modules_to_match: { egnn: root }, stages: [{}] });
    await assert.rejects(planFile(await writeRun(directory, 'run.yaml', whole)), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'MODULE_NOT_FOUND');
      assert.match(error.message, new RegExp(`${root}\\.(ssf|adapters_before)`, 'u'));
      return true;
    });
  });
}
