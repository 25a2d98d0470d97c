import { sub, type Tensor } from '@tensorflow/tfjs-core';
import { newTensor, runDifferentiable } from './differentiable.ts';
import { callKernel } from './runtime.ts';
import { checkIndexes, type SegmentTensors, sumSegments } from './segments.ts';

/** r_j - r_i plus the shifts [E, 3] (or null) of edges (i, j): coordinates [N, 3] -> [E, 3]. */
export function fusedEdgeVectors(
  coordinates: Tensor,
  [from, to]: readonly [SegmentTensors, SegmentTensors],
  cellShifts: Tensor | null,
): Tensor {
  const [edges = 0] = from.index.shape;
  const [nodes = 0] = coordinates.shape;
  return runDifferentiable({
    inputs: { coordinates },
    forward(backend) {
      const vectors = newTensor(backend, [edges, 3]);
      const status = callKernel(backend, 'edgeVectors', edges, nodes, coordinates, from.index, to.index, cellShifts, vectors);
      checkIndexes('edgeVectors', status, nodes);
      return vectors;
    },
    backward: (backend, dy) => ({ coordinates: () => sub(sumSegments(backend, dy, to), sumSegments(backend, dy, from)) }),
  });
}

/** Lengths of vectors [E, 3], their squares at least `floor`: [E, 1]. Where the floor holds they have no slope. */
export function fusedLengths(vectors: Tensor, floor: number): Tensor {
  const [rows = 0] = vectors.shape;
  return runDifferentiable({
    inputs: { vectors },
    forward(backend, save) {
      const lengths = newTensor(backend, [rows, 1]);
      callKernel(backend, 'lengths', rows, vectors, floor, lengths);
      save?.([vectors]);
      return lengths;
    },
    backward: (backend, dy, [vectors]) => ({
      vectors: () => {
        const dVectors = newTensor(backend, [rows, 3]);
        callKernel(backend, 'lengthsGradient', rows, vectors as Tensor, floor, dy, dVectors);
        return dVectors;
      },
    }),
  });
}
