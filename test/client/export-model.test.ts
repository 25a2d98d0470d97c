import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type Dirent, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, parse, relative } from 'node:path';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { makeExportFixture } from '../../ops/make-export-fixture.ts';
import { readSafetensors } from '../../src/artifacts/safetensors/read.ts';
import { weightsToChunks } from '../../src/artifacts/safetensors/write.ts';
import { checkWeights } from '../../src/artifacts/saved-model/check-weights.ts';
import { loadSavedModel } from '../../src/artifacts/saved-model/load.ts';
import { readTorch } from '../../src/artifacts/torch/read.ts';
import { exportModel } from '../../src/client/export-model.ts';
import type { GraphHead } from '../../src/contracts/graphs.ts';
import type { JsonObject } from '../../src/contracts/json.ts';
import type { GraphDataset } from '../../src/data/dataset.ts';
import { buildGraphBatch } from '../../src/data/graphs/build-graph-batch.ts';
import { loadBackend } from '../../src/kernels/backend.ts';
import { builtinModels, findModel } from '../../src/models/registry.ts';
import { uploadGraphBatch } from '../../src/training/graph-batches.ts';
import { graphDatasetOf, type TestMolecule } from '../helpers/graph-dataset.ts';
import { temporaryDirectory } from '../helpers/store-faults.ts';
import { evalContext } from '../models/egnn/molecules.ts';
import { assertClose, floats } from '../models/support.ts';

const golden = join(import.meta.dirname, '../fixtures/golden');

interface Verified {
  readonly versions: Readonly<Record<string, string>>;
  readonly cases: Readonly<
    Record<string, { readonly files: Readonly<Record<string, string>>; readonly predictions: Readonly<Record<string, readonly number[]>> }>
  >;
}
interface Inputs {
  readonly molecules: Readonly<Record<string, readonly never[]>>;
  readonly rows: Readonly<Record<string, readonly (number | readonly number[])[]>>;
}

const verified = JSON.parse(readFileSync(join(golden, 'export_verified.json'), 'utf8')) as Verified;

test('the original loads what is exported in each format, and predicts what we predict', async (t) => {
  const directory = await temporaryDirectory(t);
  await makeExportFixture(directory);
  const inputs = JSON.parse(await readFile(join(directory, 'inputs.json'), 'utf8')) as Inputs;
  await loadBackend('wasm');
  assert.deepEqual((await readdir(join(directory, 'exported'))).sort(), Object.keys(verified.cases).sort());
  for (const [name, { files, predictions }] of Object.entries(verified.cases)) {
    await t.test(name, async () => {
      const exported = join(directory, 'exported', name);
      const alone = digestsOf(join(directory, 'tensors'), ({ name: file }) => parse(file).name === name);
      assert.deepEqual({ ...digestsOf(exported), ...alone }, files, 'these are the very bytes that the original and torch loaded');
      // Both sides sum in float32 in other orders; 1e-5 relative is the bound of every forward pass (test/fixtures/golden/README.md).
      const own = Object.fromEntries(Object.entries(predictions).map(([key, values]) => [key.replace(/^.*?::/u, ''), values]));
      for (const place of ['exported', 'saved']) {
        const predicted = await predict(join(directory, place, name), inputs);
        assert.deepEqual(Object.keys(predicted).sort(), Object.keys(own).sort());
        for (const [column, expected] of Object.entries(own)) {
          const values = predicted[column] ?? [];
          assertClose(values, expected, { tolerance: 1e-5, what: `${place} ${column}` });
        }
      }
    });
  }
});

test('a model that physicsml saved is exported as physicsml with the same tensors', async (t) => {
  const out = join(await temporaryDirectory(t), 'model');
  const model = join(golden, 'a_saved_egnn/model');
  const { files, tensors } = await exportModel({ model, format: 'physicsml', out, models: builtinModels });
  assert.equal(tensors, 48);
  assert.deepEqual(
    files.map(({ path }) => relative(out, path)),
    ['model_config.json', 'featurisation_metadata.json', 'requirements.txt', 'model_artefacts/module_checkpoint.ckpt'],
  );
  for (const { path, sha256, byteLength } of files) {
    const bytes = await readFile(path);
    assert.equal(createHash('sha256').update(bytes).digest('hex'), sha256);
    assert.equal(bytes.byteLength, byteLength);
  }
  assert.deepEqual(await loadSavedModel(out), await loadSavedModel(model));
  // In the form in which molflux writes its environment, and with the versions that judged the exported models.
  const pinned = (await readFile(join(out, 'requirements.txt'), 'utf8')).split('\n');
  assert.deepEqual(pinned, pinned.toSorted());
  for (const [name, version] of Object.entries(verified.versions)) assert.ok(pinned.includes(`${name}==${version.split('+')[0]}`), name);
});

test('torch and safetensors hold the tensors alone', async (t) => {
  const directory = await temporaryDirectory(t);
  const model = join(golden, 'c_mlp/pre_trained_model');
  const { weights } = await readSafetensors(join(golden, 'c_mlp/pre_trained.safetensors'));
  const torch = join(directory, 'model.pt');
  await exportModel({ model, format: 'torch', out: torch, models: builtinModels });
  assert.deepEqual((await readTorch(torch)).weights, weights);
  const safetensors = join(directory, 'model.safetensors');
  await exportModel({ model: torch, format: 'safetensors', out: safetensors, models: builtinModels });
  assert.deepEqual(await readFile(safetensors), Buffer.concat([...weightsToChunks(weights)]));
});

test('the bytes of a torch file do not depend on what it is called', async (t) => {
  const directory = await temporaryDirectory(t);
  const model = join(golden, 'c_mlp/pre_trained_model');
  const digests = new Set<string | undefined>();
  for (const name of ['a.pt', 'another name.pth', 'x.y.pt']) {
    const { files } = await exportModel({ model, format: 'torch', out: join(directory, name), models: builtinModels });
    digests.add(files[0]?.sha256);
  }
  assert.equal(digests.size, 1);
});

test('a directory that is not there is not made for an export, in any format', async (t) => {
  const directory = await temporaryDirectory(t);
  const model = join(golden, 'c_mlp/pre_trained_model');
  await writeFile(join(directory, 'file'), '');
  for (const [format, name] of [
    ['physicsml', 'model'],
    ['torch', 'model.pt'],
    ['safetensors', 'model.safetensors'],
  ] as const) {
    const write = (folder: string) => exportModel({ model, format, out: join(directory, folder, name), models: builtinModels });
    await assert.rejects(write('absent'), {
      code: 'OUTPUT_UNWRITABLE',
      message: /absent.*cannot be written \(ENOENT\)\.\nFix: its directory is not there: make it first, or give another path\.$/u,
    });
    await assert.rejects(write('file'), { code: 'OUTPUT_UNWRITABLE', message: /\(ENOTDIR\)\.\nFix: a part of the path is a file/u });
  }
  assert.deepEqual(await readdir(directory), ['file']);
});

test('nothing is written over, and a refused export leaves nothing behind', async (t) => {
  const directory = await temporaryDirectory(t);
  const model = join(golden, 'c_mlp/pre_trained_model');
  const refused = async (
    input: { readonly model?: string; readonly format: 'physicsml' | 'torch' | 'safetensors'; readonly out: string },
    error: object,
  ) => assert.rejects(exportModel({ model, models: builtinModels, ...input, out: join(directory, input.out) }), error);
  await writeFile(join(directory, 'there.pt'), 'mine');
  await mkdir(join(directory, 'there'));
  await refused({ format: 'torch', out: 'there.pt' }, { code: 'OUTPUT_EXISTS', message: /there\.pt/u });
  await refused({ format: 'physicsml', out: 'there' }, { code: 'OUTPUT_EXISTS' });
  assert.equal(await readFile(join(directory, 'there.pt'), 'utf8'), 'mine');
  await refused({ format: 'torch', out: 'model.bin' }, { code: 'USAGE', message: /ends in \.pt or \.pth/u });
  await refused({ format: 'safetensors', out: 'model' }, { code: 'USAGE', message: /ends in \.safetensors/u });
  const bare = join(golden, 'c_mlp/pre_trained.safetensors');
  await refused({ model: bare, format: 'physicsml', out: 'new' }, { code: 'USAGE', message: /weights alone/u });
  await refused({ model: join(directory, 'nowhere'), format: 'torch', out: 'new.pt' }, { code: 'FILE_NOT_FOUND' });
  assert.deepEqual((await readdir(directory)).sort(), ['there', 'there.pt']);
});

test('what physicsml cannot hold is refused with every reason', async (t) => {
  const directory = await temporaryDirectory(t);
  const out = join(directory, 'out');
  const config = { x_features: ['a'], y_features: ['y'], input_dim: 1 };
  const write = async (place: string, document: JsonObject) => writeSaved(join(directory, place), document);
  const odd = await write('odd', { name: 'mlp_regressor', config: { ...config, activation: 'ReLU', dropout: 0.5, num_layers: 1 } });
  await assert.rejects(exportModel({ model: odd, format: 'physicsml', out, models: [] }), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'NOT_AVAILABLE');
    assert.match(
      error.message,
      /config\.activation: is "ReLU", but lightning_mlp_regressor has no such hyperparameter; it is built with "SiLU"/u,
    );
    assert.match(error.message, /config\.dropout: is 0\.5/u);
    assert.match(error.message, /config\.num_layers: is 1/u);
    assert.match(error.message, /Fix: export it with --format safetensors or --format torch/u);
    return true;
  });
  const classifier = await write('classifier', { name: 'mlp_classifier', config: { ...config, classes: ['a', 'b'] } });
  await assert.rejects(exportModel({ model: classifier, format: 'physicsml', out, models: [] }), {
    code: 'NOT_AVAILABLE',
    message: /no model "mlp_classifier"; they have mlp_regressor/u,
  });
});

test('weights of another model than model_config.json says are refused with all that differ', async (t) => {
  const directory = await temporaryDirectory(t);
  const model = await writeSaved(join(directory, 'model'), {
    name: 'mlp_regressor',
    config: { x_features: ['a'], y_features: ['y'], input_dim: 1, hidden_dim: 3 },
  });
  await assert.rejects(exportModel({ model, format: 'torch', out: join(directory, 'x.pt'), models: builtinModels }), {
    code: 'CHECKPOINT_INVALID',
    message: /module\.0\.weight: expected float32 \[3, 1\], received nothing[\s\S]*w: expected nothing, received float32 \[1\]/u,
  });
});

async function writeSaved(directory: string, document: JsonObject): Promise<string> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'model_config.json'), JSON.stringify(document));
  const weights = new Map([['w', { shape: [1], dtype: 'float32', data: Float32Array.of(1) } as const]]);
  await writeFile(join(directory, 'weights.safetensors'), Buffer.concat([...weightsToChunks(weights)]));
  return directory;
}

function digestsOf(directory: string, chosen: (file: Dirent) => boolean = () => true): Record<string, string> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && chosen(entry));
  return Object.fromEntries(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [relative(directory, path), createHash('sha256').update(readFileSync(path)).digest('hex')];
    }),
  );
}

/** Our predictions by column, `<y>::std` for the deviations of a mean-variance model. */
async function predict(path: string, inputs: Inputs): Promise<Record<string, ArrayLike<number>>> {
  const { saved, weights } = await loadSavedModel(path);
  const model = findModel(saved.name);
  checkWeights(model.describe(saved.config, saved.facts), weights, path);
  const params = Object.fromEntries([...weights].map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]));
  const context = evalContext(saved.config, saved.facts);
  if (model.inputs !== 'graphs') {
    const rows = (inputs.rows[saved.xFeatures[0] ?? ''] ?? []).map((_, row) =>
      saved.xFeatures.flatMap((name) => inputs.rows[name]?.[row] ?? []),
    );
    return byColumn(floats(model.forward(params, tf.tensor2d(rows), context)), saved.yFeatures, '');
  }
  assert.ok(saved.graph !== null);
  const dataset = moleculesOf(inputs, saved.graph.columns);
  const rows = Array.from({ length: dataset.rows }, (_, row) => row);
  const outputs = model.forward(params, uploadGraphBatch(buildGraphBatch(dataset, rows, saved.graph.neighbours)), context);
  const { targets } = saved.graph.columns;
  const std = outputs['y_graph_scalars::std'];
  return {
    ...Object.fromEntries(
      Object.entries(targets).flatMap(([head, columns]) =>
        Object.entries(byColumn(floats(outputs[head as GraphHead] as tf.Tensor), columns, '')),
      ),
    ),
    ...(std === undefined ? {} : byColumn(floats(std), targets.y_graph_scalars ?? [], '::std')),
  };
}

function byColumn(values: Float32Array, columns: readonly string[], suffix: string): Record<string, ArrayLike<number>> {
  return Object.fromEntries(columns.map((name, at) => [`${name}${suffix}`, values.filter((_, index) => index % columns.length === at)]));
}

function moleculesOf(
  { molecules }: Inputs,
  columns: {
    readonly nodeAttrs: string | null;
    readonly edgeAttrs: string | null;
    readonly graphAttrs: readonly string[];
    readonly totalAtomicEnergy: string | null;
    readonly numElements: number;
  },
): GraphDataset {
  const at = (name: string, row: number) => molecules[name]?.[row] as never;
  const rows = (molecules['physicsml_atom_numbers'] ?? []).map(
    (_, row): TestMolecule => ({
      atomNumbers: at('physicsml_atom_numbers', row),
      coordinates: at('physicsml_coordinates', row),
      ...(columns.nodeAttrs === null ? {} : { nodeAttrs: at(columns.nodeAttrs, row) }),
      ...(columns.edgeAttrs === null
        ? {}
        : {
            bonds: (at('physicsml_bond_idxs', row) as [number, number][]).map((pair, bond) => ({
              pair,
              attrs: (at(columns.edgeAttrs ?? '', row) as number[][])[bond] ?? [],
            })),
          }),
      ...(columns.graphAttrs.length === 0 ? {} : { graphAttrs: columns.graphAttrs.flatMap((name) => at(name, row) as number[]) }),
      ...(columns.totalAtomicEnergy === null ? {} : { totalAtomicEnergy: at(columns.totalAtomicEnergy, row) }),
    }),
  );
  return graphDatasetOf(rows, { numElements: columns.numElements });
}
