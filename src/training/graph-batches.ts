import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { HostGraphBatch, HostSegments } from '../data/graphs/graph-batch.ts';
import type { GraphBatch } from '../models/definition.ts';
import type { Segments } from '../ops/segments.ts';

/** Copies a batch of molecules to the device. Dispose of it with `disposeGraphBatch`. */
export function uploadGraphBatch(host: HostGraphBatch): GraphBatch {
  const { numGraphs, numNodes, numEdges, edgeIndex } = host;
  const optional = (values: Float32Array | null, shape: [number, number]) => (values === null ? null : tensor(values, shape, 'float32'));
  return {
    numGraphs,
    numNodes,
    numEdges,
    nodeAttrs: tensor(host.nodeAttrs, [numNodes, host.nodeWidth], 'float32'),
    coordinates: tensor(host.coordinates, [numNodes, 3], 'float32'),
    edgeIndex: [uploadSegments(edgeIndex[0]), uploadSegments(edgeIndex[1])],
    batch: uploadSegments(host.batch),
    nodesPerGraph: tensor(host.nodesPerGraph, [numGraphs, 1], 'float32'),
    cellShifts: optional(host.cellShifts, [numEdges, 3]),
    edgeAttrs: optional(host.edgeAttrs, [numEdges, host.edgeWidth]),
    graphAttrs: optional(host.graphAttrs, [numGraphs, host.graphWidth]),
    totalAtomicEnergy: optional(host.totalAtomicEnergy, [numGraphs, 1]),
    targets: Object.fromEntries(
      Object.entries(host.targets).map(([head, { values, width }]) => [head, tensor(values, [values.length / width, width], 'float32')]),
    ),
  };
}

/** Frees a batch. */
export function disposeGraphBatch(graphs: GraphBatch): void {
  const segments = [...graphs.edgeIndex, graphs.batch].flatMap(({ index, offsets, order }) => [index, offsets, order]);
  const rest = [graphs.nodeAttrs, graphs.coordinates, graphs.nodesPerGraph, graphs.cellShifts, graphs.edgeAttrs, graphs.graphAttrs];
  for (const item of [...segments, ...rest, graphs.totalAtomicEnergy, ...Object.values(graphs.targets)]) item?.dispose();
}

/** Edges of each molecule of a batch: they are sorted by their first atom, and atoms by molecule. */
export function edgesPerGraph({ batch, edgeIndex: [{ offsets }] }: HostGraphBatch): readonly number[] {
  const edgesBefore = (graph: number) => offsets[batch.offsets[graph] as number] as number;
  return Array.from({ length: batch.count }, (_, graph) => edgesBefore(graph + 1) - edgesBefore(graph));
}

function uploadSegments({ index, count, offsets, order }: HostSegments): Segments {
  const whole = (values: Int32Array): Tensor => tensor(values, [values.length], 'int32');
  return { index: whole(index), count, offsets: whole(offsets), order: order === null ? null : whole(order) };
}
