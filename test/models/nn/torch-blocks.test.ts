import assert from 'node:assert/strict';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { loadBackend, missingKernels } from '../../../src/kernels/backend.ts';
import { rootScope } from '../../../src/models/nn/scope.ts';
import { describeSequential, forwardSequential, type Layer, sequentialGradientKernels } from '../../../src/models/nn/sequential.ts';
import { createOps } from '../../../src/ops/create-ops.ts';
import { BACKENDS } from '../../helpers/backends.ts';
import { assertClose, floats, readGoldenJson, testContext } from '../support.ts';

/** Written by ops/golden/nn_blocks.py with torch 2.4.0 in float64. */
interface Case {
  readonly x: tf.TensorLike;
  readonly parameters: Readonly<Record<string, tf.TensorLike>>;
  readonly y: tf.TensorLike;
  readonly upstream: tf.TensorLike;
  readonly x_gradient: tf.TensorLike | null;
  readonly gradients: Readonly<Record<string, tf.TensorLike>>;
  readonly kernel_size?: number;
}

type Golden = Readonly<Record<'layer_norm' | 'embedding' | 'avg_pool', readonly Case[]>>;

const golden = readGoldenJson('d_nn_blocks.json') as Golden;

// Float32 against float64, values of size 1 to 10: 1e-5 is ten times the largest rounding seen.
const TOLERANCE = 1e-5;

for (const backend of BACKENDS) {
  const contextOf = () => ({ ...testContext({}).ctx, ops: createOps(backend) });

  void test(`layer_norm agrees with torch.nn.LayerNorm in values and gradients on ${backend}`, async () => {
    await loadBackend(backend);
    for (const found of golden.layer_norm) {
      const x = tf.tensor(found.x);
      const layers: readonly Layer[] = [{ kind: 'layer_norm', features: x.shape.at(-1) ?? 0 }];
      const params = paramsOf(found);
      compare(
        found,
        gradients(found, [x, params['0.weight'], params['0.bias']], (input, weight, bias) =>
          forwardSequential(rootScope({ '0.weight': weight, '0.bias': bias }, contextOf()), layers, input),
        ),
      );
    }
  });

  void test(`embedding agrees with torch.nn.Embedding in values and gradients on ${backend}, rows used twice included`, async () => {
    await loadBackend(backend);
    for (const found of golden.embedding) {
      // Columns of a data file arrive as float32.
      const indices = tf.tensor(found.x, undefined, 'float32');
      const layers: readonly Layer[] = [{ kind: 'embedding', numEmbeddings: 6, embeddingDim: 3 }];
      const { y, grads } = gradients(found, [paramsOf(found)['0.weight']], (weight) =>
        forwardSequential(rootScope({ '0.weight': weight }, contextOf()), layers, indices),
      );
      assertClose(y, flat(found.y), { tolerance: TOLERANCE, what: 'values' });
      assertClose(grads[0] ?? [], flat(found.gradients['weight']), { tolerance: TOLERANCE, what: 'gradient of weight' });
    }
  });

  void test(`avg_pool agrees with torch.nn.AvgPool2d in values and gradients on ${backend}, rows and columns left over included`, async () => {
    await loadBackend(backend);
    for (const found of golden.avg_pool) {
      const { ops } = contextOf();
      const source = tf.tensor(found.x);
      const [batch = 0, channels = 0, height = 0, width = 0] = source.shape;
      const flatInput = tf.reshape(source, [batch, channels * height * width]);
      const layers: readonly Layer[] = [{ kind: 'avg_pool', kernelSize: found.kernel_size ?? 0 }, { kind: 'flatten' }];
      const { y, grads } = gradients(found, [flatInput], (input) =>
        forwardSequential(rootScope({}, contextOf()), layers, ops.toImages(input, { channels, height, width })),
      );
      assertClose(y, flat(found.y), { tolerance: TOLERANCE, what: 'values' });
      assertClose(grads[0] ?? [], flat(found.x_gradient), { tolerance: TOLERANCE, what: 'gradient' });
    }
  });

  void test(`an index outside the table of an embedding gives NaN in its own row only, on ${backend}`, async () => {
    await loadBackend(backend);
    const weight = tf.ones([3, 2]);
    const rows = floats(createOps(backend).embedding(weight, tf.tensor1d([0, 3, -1, 2, 0.5])));
    assert.deepEqual([...rows].map(Number.isNaN), [false, false, true, true, true, true, false, false, true, true]);
  });
}

void test('tensors have torch names, layouts and initial values', () => {
  const layers: readonly Layer[] = [
    { kind: 'embedding', numEmbeddings: 6, embeddingDim: 3 },
    { kind: 'layer_norm', features: 3 },
    { kind: 'avg_pool', kernelSize: 2 },
  ];
  assert.deepEqual(
    describeSequential('net', layers).map(({ path, shape, kind, initializer }) => [path, shape, kind, initializer]),
    [
      ['net.0.weight', [6, 3], 'parameter', { kind: 'normal', mean: 0, std: 1 }],
      ['net.1.weight', [3], 'parameter', { kind: 'ones' }],
      ['net.1.bias', [3], 'parameter', { kind: 'zeros' }],
    ],
  );
});

void test('the backward passes run the kernels that the blocks name, and the backends have them', async () => {
  const layers: readonly Layer[] = [
    { kind: 'embedding', numEmbeddings: 6, embeddingDim: 3 },
    { kind: 'layer_norm', features: 3 },
    { kind: 'avg_pool', kernelSize: 2 },
  ];
  await loadBackend('cpu');
  const used = new Set<string>();
  const originals = tf.getKernelsForBackend('cpu').map((kernel) => ({ kernel, run: kernel.kernelFunc }));
  let backward = false;
  const { ctx } = testContext({});
  try {
    for (const { kernel, run } of originals) {
      kernel.kernelFunc = (call) => {
        if (backward) used.add(kernel.kernelName);
        return run(call);
      };
    }
    const weights = [tf.randomUniform([6, 3]), tf.ones([3]), tf.zeros([3])];
    const indices = tf.tensor3d([0, 1, 2, 3], [1, 2, 2]);
    tf.grads((table, weight, bias) => {
      backward = false;
      const params = { '0.weight': table, '1.weight': weight, '1.bias': bias };
      const loss = tf.sum(forwardSequential(rootScope(params, ctx), layers, indices));
      backward = true;
      return loss;
    })(weights);
  } finally {
    for (const { kernel, run } of originals) kernel.kernelFunc = run;
  }
  const everywhere = ['Identity', 'Reshape', 'Cast', 'Fill', 'Add'];
  const named = sequentialGradientKernels(layers);
  assert.deepEqual(
    [...used].filter((kernel) => !everywhere.includes(kernel) && !named.includes(kernel)),
    [],
  );
  for (const backend of BACKENDS) {
    await loadBackend(backend);
    assert.deepEqual(missingKernels(named), []);
  }
});

function paramsOf({ parameters }: Case): Record<string, tf.Tensor> {
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [`0.${name}`, tf.tensor(value)]));
}

function gradients(
  { upstream }: Case,
  inputs: readonly (tf.Tensor | undefined)[],
  forward: (...tensors: tf.Tensor[]) => tf.Tensor,
): { readonly y: readonly number[]; readonly grads: readonly (readonly number[])[] } {
  let y: readonly number[] = [];
  const grads = tf.grads((...tensors: tf.Tensor[]) => {
    const out = forward(...tensors);
    y = [...floats(out)];
    return tf.sum(tf.mul(out, tf.reshape(tf.tensor(upstream), out.shape)));
  })(inputs as tf.Tensor[]);
  return { y, grads: grads.map((gradient) => [...floats(gradient)]) };
}

function compare(found: Case, { y, grads }: ReturnType<typeof gradients>): void {
  assertClose(y, flat(found.y), { tolerance: TOLERANCE, what: 'values' });
  const expected = [found.x_gradient, found.gradients['weight'], found.gradients['bias']];
  for (const [index, what] of ['x', 'weight', 'bias'].entries()) {
    assertClose(grads[index] ?? [], flat(expected[index]), { tolerance: TOLERANCE, what: `gradient of ${what}` });
  }
}

function flat(value: unknown): number[] {
  return Array.isArray(value) ? (value as unknown[]).flatMap(flat) : [value as number];
}
