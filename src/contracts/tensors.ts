/** Element types that weights may have in memory. Float kinds of a file are converted to float32 when read. */
export type DType = 'float32' | 'int64';

/** How a parameter gets its first value when nothing is loaded into it. All bounds are inclusive of the usual torch meaning. */
export type Initializer =
  | { readonly kind: 'zeros' }
  | { readonly kind: 'ones' }
  | { readonly kind: 'constant'; readonly value: number }
  /** Row-major, as many as the tensor has elements. */
  | { readonly kind: 'values'; readonly values: readonly number[] }
  | { readonly kind: 'uniform'; readonly low: number; readonly high: number }
  | { readonly kind: 'normal'; readonly mean: number; readonly std: number };

/** One tensor of a model: where it is, what it looks like, how it starts. */
export interface TensorSpec {
  /** Dotted path, PyTorch's name: `features.0.weight`. Identity is this path, never a position. */
  readonly path: string;
  /** PyTorch's layout: linear `[out, in]`, conv2d `[out, in, kh, kw]`; `[]` is a scalar. */
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** A parameter can be trained; a buffer is state such as BatchNorm statistics. */
  readonly kind: 'parameter' | 'buffer';
  readonly initializer: Initializer;
}

/** All tensors of a model in declaration order. Module names are the dotted prefixes of the paths. */
export interface ModuleTree {
  readonly tensors: readonly TensorSpec[];
}

/** A tensor's values on the host, row-major. `int64` values are kept as int32 (step counters). Not JSON: never crosses IPC or history. */
export interface TensorData {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: Float32Array | Int32Array;
}

/** Tensors by dotted path. */
export type Weights = ReadonlyMap<string, TensorData>;
