import assert from 'node:assert/strict';
import { copyFile, cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { weightsToChunks } from '../../src/artifacts/safetensors/write.ts';
import { torchToChunks } from '../../src/artifacts/torch/write.ts';
import { inspectSavedModel, readSavedWeights } from '../../src/planner/saved-model.ts';
import { initialiseWeights } from '../../src/transfer/initialise.ts';
import { mlp } from '../transfer/trees.ts';
import { makeDirectory, planFile, runDocument, writeRun } from './support.ts';

const fixtures = join(import.meta.dirname, '../fixtures');
const checkpoint = 'model_artefacts/module_checkpoint.ckpt';

/** A run of molflux's network on data with four columns, transferring from what is saved at a path. */
function document(preTrained: string, config: object = {}) {
  return runDocument({
    model: 'lightning_mlp_regressor',
    preTrained,
    config: { x_features: ['a', 'b', 'c', 'd'], num_layers: 3, hidden_dim: 8, ...config },
  });
}

async function prepare(t: Parameters<typeof makeDirectory>[0]): Promise<string> {
  const directory = await makeDirectory(t);
  const rows = Array.from({ length: 40 }, (_, row) => `${row},${row / 10},${-row},1,${row % 3},${row % 7}`);
  await writeFile(join(directory, 'data.csv'), `id,a,b,c,d,y\n${rows.join('\n')}\n`);
  await cp(join(fixtures, 'golden/c_mlp/pre_trained_model'), join(directory, 'molflux'), { recursive: true });
  await copyFile(join(directory, 'molflux', checkpoint), join(directory, 'bare.ckpt'));
  await copyFile(join(fixtures, 'golden/c_mlp/pre_trained.safetensors'), join(directory, 'bare.safetensors'));
  return directory;
}

test('a run starts from a directory that molflux saved, its checkpoint alone, and the same tensors as safetensors or .pt', async (t) => {
  const directory = await prepare(t);
  const { weights } = await readWeightsOf(join(directory, 'bare.safetensors'));
  await writeFile(join(directory, 'bare.pt'), Buffer.concat([...torchToChunks(weights, { root: 'bare', checkpoint: false })]));
  for (const place of ['molflux', 'bare.ckpt', 'bare.safetensors', 'bare.pt']) {
    const { plan } = await planFile(await writeRun(directory, `${place}.yaml`, document(place)));
    assert.ok(plan.initial.kind === 'pre_trained', place);
    assert.equal(plan.initial.match.matched.length, 6, place);
    assert.deepEqual(plan.initial.match.missing, [], place);
    assert.deepEqual(await readSavedWeights(plan.initial.source), weights, place);
  }
});

test('a hyperparameter that contradicts the pre-trained model is named with both values', async (t) => {
  const directory = await prepare(t);
  await assert.rejects(planFile(await writeRun(directory, 'run.yaml', document('molflux', { hidden_dim: 16 }))), {
    code: 'SHAPE_MISMATCH',
    message: /hidden_dim was 8 in the pre-trained model, is 16 here/u,
  });
});

test('an activation other than that of molflux, which never writes it down, is warned about with both values', async (t) => {
  const directory = await prepare(t);
  const warnings = async (config: object) =>
    (await planFile(await writeRun(directory, 'run.yaml', document('molflux', config)))).plan.warnings;
  assert.deepEqual(await warnings({}), []);
  assert.match(
    (await warnings({ activation: 'ReLU' })).join('\n'),
    /^"module" starts from weights [^\n]*: activation was "SiLU" in the pre-trained model, is "ReLU" here\. Set the pre-trained model's values unless the change is meant\.$/u,
  );
});

test('a pre-trained model whose weights are not those of its model_config.json is refused with every tensor', async (t) => {
  const directory = await prepare(t);
  const path = join(directory, 'molflux/model_config.json');
  const written = JSON.parse(await readFile(path, 'utf8')) as { config: Record<string, unknown> };
  await writeFile(path, JSON.stringify({ ...written, config: { ...written.config, num_layers: 4, input_dim: 3 } }));
  await assert.rejects(planFile(await writeRun(directory, 'run.yaml', document('molflux'))), {
    code: 'CHECKPOINT_INVALID',
    message:
      /5 tensors differ, of 8[\s\S]*module\.0\.weight: expected float32 \[8, 3\], received float32 \[8, 4\][\s\S]*module\.6\.bias: expected float32 \[1\], received nothing/u,
  });
});

test('a checkpoint that changed after planning is refused', async (t) => {
  const directory = await prepare(t);
  const { plan } = await planFile(await writeRun(directory, 'run.yaml', document('bare.ckpt')));
  assert.ok(plan.initial.kind === 'pre_trained');
  const other = initialiseWeights(mlp(4, 8, 1), 3);
  await writeFile(join(directory, 'bare.ckpt'), Buffer.concat([...torchToChunks(other, { root: 'x', checkpoint: true })]));
  await assert.rejects(readSavedWeights(plan.initial.source), { code: 'DATA_CHANGED' });
});

test('a checkpoint that asks for more than tensors is refused while planning', async (t) => {
  const directory = await prepare(t);
  for (const [name, sentence] of [
    ['refused_system.pt', /posix\.system/u],
    ['refused_module.pt', /torch\.nn\.modules/u],
  ] as const) {
    await copyFile(join(fixtures, 'torch', name), join(directory, name));
    await assert.rejects(planFile(await writeRun(directory, `${name}.yaml`, document(name))), {
      code: 'CHECKPOINT_UNSUPPORTED',
      message: sentence,
    });
  }
});

test('a Lightning checkpoint is seen with its element types, and only its state_dict', async () => {
  const { tensors, config } = await inspectSavedModel(join(fixtures, 'torch/lightning.ckpt'));
  assert.equal(config, null);
  assert.deepEqual(
    tensors.filter(({ path }) => path.startsWith('net.1')).map(({ path, dtype }) => `${path} ${dtype}`),
    ['net.1.bias F32', 'net.1.num_batches_tracked I64', 'net.1.running_mean F32', 'net.1.running_var F32', 'net.1.weight F32'],
  );
});

test('how the columns of the pre-trained model were made goes with a run that reads the same columns, and only then', async (t) => {
  const directory = await prepare(t);
  const metadata = { version: 1, config: [{ column: 'smiles', representations: [] }], runtime: {} };
  const config = JSON.parse(await readFile(join(directory, 'molflux/model_config.json'), 'utf8')) as { config: { x_features: string[] } };
  await writeFile(join(directory, 'molflux/featurisation_metadata.json'), JSON.stringify(metadata));
  const featurisation = async () => {
    const { plan } = await planFile(await writeRun(directory, 'run.yaml', document('molflux')));
    return plan.initial.kind === 'pre_trained' ? plan.initial.featurisation : null;
  };
  assert.equal(await featurisation(), undefined, 'the pre-trained model reads x0 .. x3');
  config.config.x_features = ['d', 'c', 'b', 'a'];
  await writeFile(join(directory, 'molflux/model_config.json'), JSON.stringify(config));
  assert.deepEqual(await featurisation(), metadata);
});

async function readWeightsOf(path: string) {
  const { weightsSha256 } = await inspectSavedModel(path);
  const weights = await readSavedWeights({ kind: 'model', path, weightsSha256 });
  assert.ok(Buffer.concat([...weightsToChunks(weights)]).byteLength > 0);
  return { weights };
}
