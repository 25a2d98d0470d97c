import { add, type Tensor } from '@tensorflow/tfjs-core';
import type { WasmBackend } from '../wasm/heap.ts';
import { newTensor } from './differentiable.ts';
import { type GatedChain, type NamedLayer, sizesOf } from './gated-chain.ts';
import type { Gradients } from './layer-back.ts';
import { matrixOf, multiply, multiplyTransposed, rowOf, transposed } from './products.ts';
import { callKernel, pointerOf } from './runtime.ts';

// A last layer of messages without activation, m = W y + b, need not run for every edge. The sums are linear in it:
//   sum of g m = W (sum of g y) + b (sum of g),
// and the first layer of the gate can take it in:
//   A m + a = (A W) y + (A b + a).
// That saves one of two products per edge forward and two of four backward. Sums are rounded in another order than edge by edge.

/** A layer with a bias. */
type Biased<L> = L & { readonly bias: Tensor };

/** The last layer of messages, W [C, D] and b [C], and the first of the gate, A [G, C] and a [G]. */
export interface Fold {
  readonly last: Biased<NamedLayer>;
  readonly first: Biased<NamedLayer>;
}

/** Finds the layers to fold; null when messages have one layer only, or their last one has an activation, or one has no bias. */
export function findFold({ layers, tap }: GatedChain): Fold | null {
  const [last, first] = [layers[tap], layers[tap + 1]];
  if (tap === 0 || last === undefined || first === undefined || last.activation !== 'Identity') return null;
  return hasBias(last) && hasBias(first) ? { last, first } : null;
}

/** The chain with one layer, A W and A b + a, in place of both. Without a backend its parameters are not computed: for a pass that reads kept ones. */
export function foldChain(backend: WasmBackend | null, { layers, tap }: GatedChain, { last, first }: Fold): GatedChain {
  const parameters = backend === null ? { weight: first.weight, bias: first.bias } : foldParameters(backend, { last, first });
  const layer = { ...first, ...parameters, name: FOLDED, frozen: last.frozen && first.frozen };
  return { layers: [...layers.slice(0, tap), layer, ...layers.slice(tap + 2)], tap: tap - 1 };
}

const FOLDED = 'folded';

/** What the last layer of messages is applied to: sums of g y [n, D], and of g [n, 1]. */
export interface Sums {
  readonly sums: Tensor;
  readonly gates: Tensor;
}

type Parameters = Pick<Fold['last'], 'weight' | 'bias'>;

/** W sums + b gates: [n, C]. */
export function applyLast(backend: WasmBackend, last: Parameters, { sums, gates }: Sums): Tensor {
  const [nodes = 0] = sums.shape;
  const out = newTensor(backend, [nodes, sizesOf(last)[0]]);
  multiply(backend, sums, transposed(matrixOf(backend, last.weight)), { to: out });
  multiply(backend, gates, rowOf(backend, last.bias), { to: out, add: true });
  return out;
}

/** The gradients of both sums from that of `applyLast`, dy [n, C]. */
export function sumsGradients(backend: WasmBackend, last: Parameters, dy: Tensor): { readonly dSums: Tensor; readonly dGates: Tensor } {
  const [nodes = 0] = dy.shape;
  const [, inputs] = sizesOf(last);
  const [dSums, dGates] = [newTensor(backend, [nodes, inputs]), newTensor(backend, [nodes, 1])];
  multiply(backend, dy, matrixOf(backend, last.weight), { to: dSums });
  multiply(backend, dy, transposed(rowOf(backend, last.bias)), { to: dGates });
  return { dSums, dGates };
}

/** What the gradients of the folded layers follow from. */
export interface FoldGradients extends Sums {
  readonly fold: Fold;
  /** W and b, and A, as they were. */
  readonly last: Parameters;
  readonly firstWeight: Tensor;
  /** [n, C] */
  readonly dy: Tensor;
  /** The gradients of the folded chain. */
  readonly inner: Gradients;
}

/** Puts the gradients of both layers in place of those of the folded one. With dF, df of A W and A b + a: dA = dF W^T + df b^T, da = df, dW = dy^T sums + A^T dF, db = dy^T gates + A^T df. */
export function foldGradients(backend: WasmBackend, { fold, last, firstWeight, sums, gates, dy, inner }: FoldGradients): Gradients {
  const { [`${FOLDED}.weight`]: weightOf, [`${FOLDED}.bias`]: biasOf, ...others } = inner;
  if (weightOf === undefined || biasOf === undefined) return others;
  const [dF, df] = [weightOf(), biasOf()];
  const product = (left: Tensor, right: Tensor, shape: readonly number[]) => {
    const to = newTensor(backend, shape);
    multiplyTransposed(backend, left, right, { pointer: pointerOf(backend, to), stride: right.shape[1] ?? 1 });
    return to;
  };
  const gradients: Record<string, () => Tensor> = {
    [`${fold.first.name}.weight`]: () => {
      const dA = newTensor(backend, firstWeight.shape);
      multiply(backend, dF, transposed(matrixOf(backend, last.weight)), { to: dA });
      multiply(backend, df, rowOf(backend, last.bias), { to: dA, add: true });
      return dA;
    },
    [`${fold.first.name}.bias`]: () => df,
    [`${fold.last.name}.weight`]: () => add(product(dy, sums, last.weight.shape), product(firstWeight, dF, last.weight.shape)),
    [`${fold.last.name}.bias`]: () => add(product(dy, gates, last.bias.shape), product(firstWeight, df, last.bias.shape)),
  };
  const trained = ({ name, frozen }: NamedLayer) => (frozen ? [] : [`${name}.weight`, `${name}.bias`]);
  const asked = [...trained(fold.first), ...trained(fold.last)].map((name) => [name, gradients[name] as () => Tensor] as const);
  return { ...others, ...Object.fromEntries(asked) };
}

/** A W [G, D] and A b + a [G]. */
function foldParameters(backend: WasmBackend, { last, first }: Fold): Parameters {
  const [outputs] = sizesOf(first);
  const weight = newTensor(backend, [outputs, sizesOf(last)[1]]);
  multiply(backend, first.weight, matrixOf(backend, last.weight), { to: weight });
  const bias = newTensor(backend, [outputs]);
  callKernel(backend, 'copyColumns', 1, outputs, first.bias, outputs, bias, outputs);
  multiply(backend, first.weight, transposed(rowOf(backend, last.bias)), { to: bias, add: true });
  return { weight, bias };
}

function hasBias(layer: NamedLayer): layer is Biased<NamedLayer> {
  return layer.bias !== null;
}
