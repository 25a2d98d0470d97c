import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import type { JsonObject } from '../../src/contracts/json.ts';
import { loadBackend } from '../../src/kernels/backend.ts';
import type { FeatureModel } from '../../src/models/definition.ts';
import { createOps } from '../../src/ops/create-ops.ts';
import { BACKENDS } from '../helpers/backends.ts';
import { assertClose, floats, gradientsOf, readGoldenJson, testContext } from './support.ts';

/** Written by ops/golden/own_model.py with torch 2.4.0 in float64. */
interface Golden {
  readonly config: JsonObject;
  readonly maps: tf.TensorLike;
  readonly targets: tf.TensorLike;
  readonly outputs: tf.TensorLike;
  readonly loss: number;
  readonly parameters: Readonly<Record<string, tf.TensorLike>>;
  readonly gradients: Readonly<Record<string, tf.TensorLike>>;
}

const golden = readGoldenJson('d_own_model.json') as Golden;
const root = new URL('../../', import.meta.url);

/** The model of examples/own-model, on the sources instead of on what is built. */
async function loadExample(): Promise<FeatureModel> {
  const directory = await mkdtemp(join(tmpdir(), 'rootstock-own-model-'));
  try {
    const source = await readFile(new URL('examples/own-model/land-cover.mjs', root), 'utf8');
    const path = join(directory, 'land-cover.mjs');
    await writeFile(path, source.replace("from 'rootstock/model'", `from ${JSON.stringify(new URL('src/model.ts', root).href)}`));
    return ((await import(pathToFileURL(path).href)) as { readonly landCover: FeatureModel }).landCover;
  } finally {
    await rm(directory, { recursive: true });
  }
}

const landCover = await loadExample();

for (const backend of BACKENDS) {
  void test(`the example of an own model is the torch module that it documents, in names, values and gradients, on ${backend}`, async () => {
    await loadBackend(backend);
    const { config } = golden;
    const facts = { inputWidth: 25, outputWidth: 2 };
    assert.deepEqual(
      landCover
        .describe(config, facts)
        .tensors.map(({ path }) => path)
        .sort(),
      Object.keys(golden.parameters).sort(),
    );
    const params = Object.fromEntries(Object.entries(golden.parameters).map(([path, values]) => [path, tf.tensor(values)]));
    const ctx = { ...testContext(config).ctx, facts, ops: createOps(backend) };
    const [inputs, targets] = [tf.tensor(golden.maps), tf.tensor(golden.targets)];
    const { loss, gradients } = gradientsOf(landCover, { params, ctx, inputs, targets });
    // Float32 against float64, sums of at most 48 products: 1e-5 is ten times the largest rounding seen.
    const close = { tolerance: 1e-5 };
    assertClose(floats(landCover.forward(params, inputs, ctx)), floats(tf.tensor(golden.outputs)), { ...close, what: 'outputs' });
    assertClose([loss], [golden.loss], { ...close, what: 'loss' });
    for (const [path, expected] of Object.entries(golden.gradients))
      assertClose(gradients.get(path) ?? [], floats(tf.tensor(expected)), { ...close, what: path });

    // With the encoder frozen its outputs are computed once, which changes nothing.
    const prefix = landCover.prefix?.(config, facts, (path) => path.startsWith('encoder'));
    assert.deepEqual([prefix?.modules, prefix?.shape], [['encoder.0', 'encoder.1'], [12]]);
    const evaluating = { ...ctx, mode: () => 'eval' as const };
    const encoded = prefix?.encode(params, inputs, evaluating) as tf.Tensor;
    assert.deepEqual(
      floats(prefix?.decode(params, encoded, evaluating) as tf.Tensor),
      floats(landCover.forward(params, inputs, evaluating)),
    );
  });
}
