import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { readSafetensors } from '../../src/artifacts/safetensors/read.ts';
import type { JsonObject } from '../../src/contracts/json.ts';
import type { TensorSpec } from '../../src/contracts/tensors.ts';
import { RootstockError } from '../../src/errors.ts';
import type { FeatureModel, ForwardContext } from '../../src/models/definition.ts';
import { composedOps } from '../../src/ops/composed-ops.ts';
import { random } from '../kernels/conformance/case.ts';

/** Tensors by path that a test owns. */
export type TestParams = Record<string, tf.Tensor>;

const GOLDEN = new URL('../fixtures/golden/', import.meta.url);

export function readGoldenJson(path: string): unknown {
  return JSON.parse(readFileSync(new URL(path, GOLDEN), 'utf8'));
}

export async function readGoldenParams(path: string): Promise<TestParams> {
  const { weights } = await readSafetensors(new URL(path, GOLDEN).pathname);
  return Object.fromEntries([...weights].map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]));
}

/** Every tensor of a model with small random values; buffers as described. */
export function randomParams(specs: readonly TensorSpec[]): TestParams {
  return Object.fromEntries(
    specs.map(({ path, shape, dtype, kind, initializer }, index) => {
      if (kind === 'buffer') {
        const make = initializer.kind === 'ones' ? tf.ones : tf.zeros;
        return [path, make([...shape], dtype === 'int64' ? 'int32' : 'float32')];
      }
      return [path, tf.tensor(random(shape, 50 + index, [-0.5, 0.5]).values, [...shape])];
    }),
  );
}

/** A context that records buffer updates and takes dropout masks from a function. */
export function testContext(
  config: JsonObject,
  {
    mode = 'train',
    mask,
  }: { readonly mode?: 'train' | 'eval'; readonly mask?: (path: string, shape: readonly number[]) => tf.Tensor } = {},
) {
  const buffers = new Map<string, tf.Tensor>();
  const ctx: ForwardContext = {
    config,
    facts: { inputWidth: 1, outputWidth: 1 },
    ops: composedOps(),
    isFrozen: () => false,
    mode: () => mode,
    dropoutMask: (path, shape) => (mask === undefined ? assert.fail(`unexpected dropout at ${path}`) : mask(path, shape)),
    noise: (path) => assert.fail(`unexpected noise at ${path}`),
    updateBuffer: (path, value) => void buffers.set(path, tf.keep(value)),
  };
  return { ctx, buffers };
}

/** Gradients of a model's loss for its float parameters, by path. */
export function gradientsOf(
  model: FeatureModel,
  {
    params,
    ctx,
    inputs,
    targets,
  }: { readonly params: TestParams; readonly ctx: ForwardContext; readonly inputs: tf.Tensor; readonly targets: tf.Tensor },
): { readonly loss: number; readonly gradients: ReadonlyMap<string, Float32Array> } {
  const trained = Object.keys(params).filter((path) => params[path]?.dtype === 'float32' && !path.includes('running_'));
  const variables = Object.fromEntries(trained.map((path) => [path, tf.variable(params[path] as tf.Tensor)]));
  try {
    const all = { ...params, ...variables };
    const { value, grads } = tf.variableGrads(
      () => model.loss(model.forward(all, inputs, ctx), targets, ctx.ops, ctx.config),
      Object.values(variables),
    );
    const named = trained.map((path) => [path, floats(grads[variables[path]?.name ?? ''] as tf.Tensor)] as const);
    const loss = floats(value)[0] ?? Number.NaN;
    tf.dispose([value, grads]);
    return { loss, gradients: new Map(named) };
  } finally {
    tf.dispose(variables);
  }
}

export function floats(tensor: tf.Tensor): Float32Array {
  return Float32Array.from(tensor.dataSync());
}

/** Fails unless each value is within `tolerance` of the expected one, relative to the largest expected magnitude of the array. */
export function assertClose(
  received: ArrayLike<number>,
  expected: ArrayLike<number>,
  { tolerance, what }: { readonly tolerance: number; readonly what: string },
): void {
  const scale = Array.from(expected).reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  assertWithin(received, expected, { limit: tolerance * scale, what });
}

/** Every value is within an absolute limit of the expected one. */
export function assertWithin(
  received: ArrayLike<number>,
  expected: ArrayLike<number>,
  { limit, what }: { readonly limit: number; readonly what: string },
): void {
  assert.equal(received.length, expected.length, `${what}: length`);
  for (const [index, value] of Array.from(expected).entries()) {
    const difference = Math.abs((received[index] ?? Number.NaN) - value);
    assert.ok(difference <= limit, `${what}[${index}]: received ${received[index]}, expected ${value}, limit ${limit}`);
  }
}

export function hasCode(code: string, pattern?: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof RootstockError, String(error));
    assert.equal(error.code, code);
    if (pattern !== undefined) assert.match(error.message, pattern);
    return true;
  };
}
