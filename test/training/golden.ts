import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { add, matMul, mean, mul, type Scalar, sigmoid, square, sub, sum, type Tensor } from '@tensorflow/tfjs-core';

const ROOT = new URL('../fixtures/golden/', import.meta.url);

/** Reads a JSON file of the golden data. The files are ours: the caller names the type. */
export function readGolden(path: string): unknown {
  return JSON.parse(readFileSync(new URL(path, ROOT), 'utf8'));
}

/** A tensor of a golden file: float32 and float64 values as float64. */
export interface GoldenTensor {
  readonly shape: number[];
  readonly values: Float64Array;
}

/** Reads a golden safetensors file of F32 or F64 tensors. The files are ours: nothing is checked. */
export function readGoldenWeights(path: string): ReadonlyMap<string, GoldenTensor> {
  const file = readFileSync(new URL(path, ROOT));
  const start = 8 + Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString('utf8', 8, start)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const tensors = new Map<string, GoldenTensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const [from, to] = entry.data_offsets;
    const bytes = file.buffer.slice(file.byteOffset + start + from, file.byteOffset + start + to);
    const values = entry.dtype === 'F64' ? new Float64Array(bytes) : Float64Array.from(new Float32Array(bytes));
    tensors.set(name, { shape: entry.shape, values });
  }
  return tensors;
}

/**
 * Loss and gradients of molflux's three-layer MLP (Linear 4->8, SiLU, Linear 8->8, SiLU, Linear 8->1, MSE); x [B, 4], y [B, 1].
 * The backward pass is written out, so that an optimizer's test depends on no gradient registry.
 */
export function mlpGradients(
  parameters: Readonly<Record<string, Tensor>>,
  x: Tensor,
  y: Tensor,
): { readonly loss: Scalar; readonly gradients: Readonly<Record<string, Tensor>> } {
  const read = (name: string): Tensor => parameters[name] ?? assert.fail(`no parameter ${name}`);
  const linear = (input: Tensor, name: string): Tensor => add(matMul(input, read(`${name}.weight`), false, true), read(`${name}.bias`));
  const silu = (z: Tensor): Tensor => mul(z, sigmoid(z));
  const slope = (z: Tensor): Tensor => add(sigmoid(z), mul(silu(z), sub(1, sigmoid(z)))); // d silu / dz
  const z0 = linear(x, 'module.0'); // [B, 8]
  const z2 = linear(silu(z0), 'module.2'); // [B, 8]
  const error = sub(linear(silu(z2), 'module.4'), y); // [B, 1]
  const d4 = mul(error, 2 / error.size);
  const d2 = mul(matMul(d4, read('module.4.weight')), slope(z2));
  const d0 = mul(matMul(d2, read('module.2.weight')), slope(z0));
  const gradients: Record<string, Tensor> = {};
  for (const [name, delta, input] of [
    ['module.0', d0, x],
    ['module.2', d2, silu(z0)],
    ['module.4', d4, silu(z2)],
  ] as const) {
    gradients[`${name}.weight`] = matMul(delta, input, true, false);
    gradients[`${name}.bias`] = sum(delta, 0);
  }
  return { loss: mean(square(error)), gradients };
}
