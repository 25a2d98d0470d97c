import type { Initializer, ModuleTree, TensorData, TensorSpec, Weights } from '../contracts/tensors.ts';
import { fillNormal, fillUniform } from '../random/fill.ts';
import { initialisationStream } from '../random/stream.ts';
import { scalarCount } from './module-tree.ts';

/** Makes a tensor's first values: a pure function of (seed, path), so that neither order nor neighbours matter. */
export function initialiseTensor(spec: TensorSpec, seed: number): TensorData {
  const { path, shape, dtype, initializer } = spec;
  const length = scalarCount(shape);
  if (dtype === 'int64') return { shape, dtype, data: new Int32Array(length).fill(constantOf(initializer, path)) };
  const data = new Float32Array(length);
  switch (initializer.kind) {
    case 'uniform':
      fillUniform(data, initializer.low, initializer.high, initialisationStream(seed, path));
      break;
    case 'normal':
      fillNormal(data, initializer.mean, initializer.std, initialisationStream(seed, path));
      break;
    case 'values':
      data.set(initializer.values);
      break;
    case 'zeros':
    case 'ones':
    case 'constant':
      data.fill(constantOf(initializer, path));
      break;
  }
  return { shape, dtype, data };
}

/** Makes the first values of all tensors of a model, in declaration order. */
export function initialiseWeights(tree: ModuleTree, seed: number): Weights {
  return new Map(tree.tensors.map((spec) => [spec.path, initialiseTensor(spec, seed)]));
}

function constantOf(initializer: Initializer, path: string): number {
  if (initializer.kind === 'zeros') return 0;
  if (initializer.kind === 'ones') return 1;
  if (initializer.kind === 'constant') return initializer.value;
  throw new TypeError(`${path}: an int64 tensor cannot start from ${initializer.kind} numbers`);
}
