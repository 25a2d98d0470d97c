import type { Tensor } from '@tensorflow/tfjs-core';
import type { TensorSpec } from '../../contracts/tensors.ts';
import { joinPath, parameter, type Scope } from './scope.ts';

/** Describes torch.nn.Embedding(numEmbeddings, embeddingDim): weight [numEmbeddings, embeddingDim], standard normal at first. */
export function describeEmbedding(
  path: string,
  size: { readonly numEmbeddings: number; readonly embeddingDim: number },
): readonly TensorSpec[] {
  const shape = [size.numEmbeddings, size.embeddingDim];
  return [
    {
      path: joinPath(path, 'weight'),
      shape,
      dtype: 'float32',
      kind: 'parameter',
      initializer: { kind: 'normal', mean: 0, std: 1 },
    },
  ];
}

/**
 * Computes torch.nn.Embedding. indices [...], whole numbers from 0 to numEmbeddings - 1 (float columns will do) -> [..., embeddingDim]. An
 * index outside gives NaN, so that training ends with NON_FINITE_LOSS, which names the rows (torch raises an IndexError).
 */
export function forwardEmbedding(scope: Scope, indices: Tensor): Tensor {
  return scope.ctx.ops.embedding(parameter(scope, 'weight'), indices);
}
