import type { DType, ModuleTree, TensorSpec } from '../../src/contracts/tensors.ts';

/** Writes a tree in short: path -> shape. BatchNorm's statistics and counters become buffers by their names. */
export function tree(shapes: Readonly<Record<string, readonly number[]>>): ModuleTree {
  return { tensors: Object.entries(shapes).map(([path, shape]) => spec(path, shape)) };
}

/** One tensor; a parameter unless its name is that of a BatchNorm buffer. */
export function spec(path: string, shape: readonly number[]): TensorSpec {
  const buffer = /(running_mean|running_var|num_batches_tracked)$/.test(path);
  const dtype: DType = path.endsWith('num_batches_tracked') ? 'int64' : 'float32';
  const initializer = buffer ? ({ kind: 'zeros' } as const) : ({ kind: 'uniform', low: -0.5, high: 0.5 } as const);
  return { path, shape, dtype, kind: buffer ? 'buffer' : 'parameter', initializer };
}

/** The peer tests' network: linear layers `module.0`, `module.2`, ... of given widths. */
export function mlp(...widths: readonly number[]): ModuleTree {
  const shapes = widths.slice(1).flatMap((width, layer): [string, readonly number[]][] => [
    [`module.${2 * layer}.weight`, [width, widths[layer] as number]],
    [`module.${2 * layer}.bias`, [width]],
  ]);
  return tree(Object.fromEntries(shapes));
}
