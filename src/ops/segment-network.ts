import type { Tensor } from '@tensorflow/tfjs-core';
import type { LinearLayer, Ops, SegmentNetwork } from './ops.ts';
import type { Segments } from './segments.ts';

/** Ops.segmentNetwork layer by layer. */
export function segmentNetworkByLayers(
  ops: Pick<Ops, 'linear' | 'segmentSum' | 'segmentSumLinear'>,
  x: Tensor,
  { before, after }: SegmentNetwork,
  segments: Segments,
): Tensor {
  const through = (start: Tensor, layers: readonly LinearLayer[]) =>
    layers.reduce((y, { weight, bias, activation }) => ops.linear(y, weight, bias, activation), start);
  const last = before.at(-1);
  const sums =
    last?.activation === 'Identity'
      ? ops.segmentSumLinear(through(x, before.slice(0, -1)), last.weight, last.bias, segments)
      : ops.segmentSum(through(x, before), segments);
  return through(sums, after);
}
