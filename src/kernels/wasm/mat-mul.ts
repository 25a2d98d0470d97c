import { backend_util, broadcast_util, type TensorInfo } from '@tensorflow/tfjs-core';
import {
  floats,
  type KernelCall,
  refuse,
  release,
  replaceKernel,
  runKernel,
  runStock,
  sizeOf,
  type WasmBackend,
  withShape,
} from './heap.ts';

/**
 * Replaces BatchMatMul and _FusedMatMul. tfjs 4.22 calls XNNPACK only for one untransposed product and has a scalar loop for the rest
 * (26 times slower, the backward pass of every dense layer); its fused kernel adds the bias once per block of 48 when batched or transposed; both reuse packed data under another shape.
 */
export function installMatMul(): void {
  replaceKernel('BatchMatMul', batchMatMul);
  replaceKernel('_FusedMatMul', fusedMatMul);
}

interface MatMulAttributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** a [..., M, K] (or transposed [..., K, M]) times b [..., K, N], leading axes broadcast -> [..., M, N]. */
function batchMatMul({
  inputs,
  attrs,
  backend,
}: KernelCall<{ readonly a: TensorInfo; readonly b: TensorInfo }, MatMulAttributes>): TensorInfo {
  const { a, b } = inputs;
  if (a.dtype !== 'float32' || b.dtype !== 'float32') return refuse('BatchMatMul', `${a.dtype} times ${b.dtype}`);
  const left = matrices(backend, a, attrs.transposeA); // [batches, M, K]
  const right = matrices(backend, b, attrs.transposeB); // [batches, K, N]
  const lead = broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const [rows, inner] = [left.info.shape[1] ?? 0, left.info.shape[2] ?? 0];
  const columns = right.info.shape[2] ?? 0;
  if (inner !== right.info.shape[1])
    throw new Error(`matMul: inner lengths of [${a.shape.join(', ')}] and [${b.shape.join(', ')}] differ.`);
  const shape = [...lead, rows, columns];
  const out =
    inner === 0 || sizeOf(shape) === 0
      ? zeros(backend, shape)
      : sizeOf(lead) === 1
        ? withShape(product(backend, left.info, right.info), shape)
        : productOfEach(backend, { left: left.info, right: right.info, a, b, shape, lead });
  release(backend, ...left.owned, ...right.owned);
  return out;
}

/** Views a tensor as a stack of matrices [batches, rows, columns], transposed when asked. `owned` is to be released. */
function matrices(
  backend: WasmBackend,
  x: TensorInfo,
  transposed: boolean,
): { readonly info: TensorInfo; readonly owned: readonly TensorInfo[] } {
  const stack = withShape(x, [sizeOf(x.shape.slice(0, -2)), ...x.shape.slice(-2)]);
  if (!transposed) return { info: stack, owned: [] };
  const info = runKernel('Transpose', { inputs: { x: stack }, attrs: { perm: [0, 2, 1] }, backend });
  return { info, owned: [info] };
}

/** Shape under which some data has been a right side before. */
const packedShapes = new WeakMap<object, string>();

/**
 * One product by XNNPACK: [1, M, K] times [1, K, N]. XNNPACK packs a right side once per data and looks at no shape when it meets the
 * data again, so the same data reshaped (a reshape is an alias) would be multiplied by its old packing: it gets a copy instead.
 */
function product(backend: WasmBackend, a: TensorInfo, b: TensorInfo): TensorInfo {
  const shape = b.shape.join();
  const packed = packedShapes.get(b.dataId);
  const right = packed === undefined || packed === shape ? b : matrixAt(backend, b, 0);
  packedShapes.set(right.dataId, shape);
  const out = runStock('BatchMatMul', { inputs: { a, b: right }, attrs: { transposeA: false, transposeB: false }, backend });
  if (right !== b) release(backend, right);
  return out;
}

interface Stacks {
  readonly left: TensorInfo;
  readonly right: TensorInfo;
  readonly a: TensorInfo;
  readonly b: TensorInfo;
  readonly shape: readonly number[];
  readonly lead: readonly number[];
}

/** One XNNPACK call per matrix of the stack. Each right side must be data of its own, see `product`. */
function productOfEach(backend: WasmBackend, { left, right, a, b, shape, lead }: Stacks): TensorInfo {
  const out = backend.makeOutput(shape, 'float32');
  const size = sizeOf(shape.slice(-2));
  for (let index = 0; index < sizeOf(lead); index++) {
    const one = matrixAt(backend, left, broadcastIndex(index, lead, a.shape.slice(0, -2)));
    const other = matrixAt(backend, right, broadcastIndex(index, lead, b.shape.slice(0, -2)));
    const result = product(backend, one, other);
    floats(backend, out).set(floats(backend, result), index * size);
    release(backend, one, other, result);
  }
  return out;
}

function matrixAt(backend: WasmBackend, stack: TensorInfo, index: number): TensorInfo {
  const [, rows = 0, columns = 0] = stack.shape;
  const matrix = backend.makeOutput([1, rows, columns], 'float32');
  const size = rows * columns;
  floats(backend, matrix).set(floats(backend, stack).subarray(index * size, (index + 1) * size));
  return matrix;
}

/** Position in a stack of shape `own` of the matrix that the position `index` of the broadcast shape `lead` uses. */
function broadcastIndex(index: number, lead: readonly number[], own: readonly number[]): number {
  let rest = index;
  let position = 0;
  let stride = 1;
  for (let axis = 1; axis <= lead.length; axis++) {
    const length = lead.at(-axis) ?? 1;
    const ownLength = own.at(-axis) ?? 1;
    if (axis <= own.length && ownLength !== 1) position += (rest % length) * stride;
    rest = Math.floor(rest / length);
    if (axis <= own.length) stride *= ownLength;
  }
  return position;
}

function zeros(backend: WasmBackend, shape: readonly number[]): TensorInfo {
  const out = backend.makeOutput(shape, 'float32');
  floats(backend, out).fill(0);
  return out;
}

interface FusedInputs {
  readonly a: TensorInfo;
  readonly b: TensorInfo;
  readonly bias?: TensorInfo;
  readonly preluActivationWeights?: TensorInfo;
}

interface FusedAttributes extends MatMulAttributes {
  readonly activation: backend_util.Activation;
  readonly leakyreluAlpha?: number;
}

/** Product, then bias, then activation, each by its own kernel. */
function fusedMatMul({ inputs, attrs, backend }: KernelCall<FusedInputs, FusedAttributes>): TensorInfo {
  const { a, b, bias, preluActivationWeights } = inputs;
  let out = batchMatMul({ inputs: { a, b }, attrs, backend });
  const replaceOut = (name: string, call: { readonly inputs: Record<string, TensorInfo>; readonly attrs: Record<string, number> }) => {
    const next = runKernel(name, { ...call, backend });
    release(backend, out);
    out = next;
  };
  if (bias !== undefined && bias !== null) replaceOut('Add', { inputs: { a: out, b: bias }, attrs: {} });
  switch (attrs.activation) {
    case 'linear':
      break;
    case 'relu':
      replaceOut('Relu', { inputs: { x: out }, attrs: {} });
      break;
    case 'relu6':
      replaceOut('Relu6', { inputs: { x: out }, attrs: {} });
      break;
    case 'elu':
      replaceOut('Elu', { inputs: { x: out }, attrs: {} });
      break;
    case 'sigmoid':
      replaceOut('Sigmoid', { inputs: { x: out }, attrs: {} });
      break;
    case 'leakyrelu':
      replaceOut('LeakyRelu', { inputs: { x: out }, attrs: { alpha: attrs.leakyreluAlpha ?? 0 } });
      break;
    case 'prelu':
      if (preluActivationWeights === undefined) return refuse('_FusedMatMul', 'prelu without weights');
      replaceOut('Prelu', { inputs: { x: out, alpha: preluActivationWeights }, attrs: {} });
      break;
  }
  return out;
}
