import type { Tensor } from '@tensorflow/tfjs-core';
import type { EdgeInput, GatedNetwork, LinearLayer, Ops } from './ops.ts';

/** Ops.gatedEdgeSum layer by layer. */
export function gatedEdgeSumByLayers(
  ops: Pick<Ops, 'edgeLinear' | 'linear' | 'gatedSegmentSum'>,
  input: EdgeInput,
  { messages: [first, ...others], gate }: GatedNetwork,
): Tensor {
  if (first === undefined) throw new TypeError('a network of messages has at least one layer');
  const through = (x: Tensor, layers: readonly LinearLayer[]) =>
    layers.reduce((y, { weight, bias, activation }) => ops.linear(y, weight, bias, activation), x);
  const messages = through(ops.edgeLinear(input, first.weight, first.bias, first.activation), others); // [E, C]
  return ops.gatedSegmentSum(messages, through(messages, gate), input.edgeIndex[0]);
}
