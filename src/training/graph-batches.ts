import { keep, type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { HostGraphBatch, HostSegments } from '../data/graphs/graph-batch.ts';
import { once } from '../data/once.ts';
import type { GraphBatch } from '../models/definition.ts';
import type { Segments } from '../ops/segments.ts';

/** A batch of molecules whose parts are copied to the device when they are first read. */
export interface UploadedGraphBatch extends GraphBatch {
  /** Frees what was copied. Nothing can be read afterwards. */
  dispose(): void;
}

/**
 * Gives a batch of molecules on the device: no model reads all of it, and one behind a frozen prefix next to nothing. What is first read
 * in a tidy or while gradients are recorded outlives it: all of it is the batch's own.
 */
export function uploadGraphBatch(host: HostGraphBatch): UploadedGraphBatch {
  const { numGraphs, numNodes, numEdges } = host;
  const made: Tensor[] = [];
  let disposed = false;
  const upload = (values: Float32Array | Int32Array, shape: number[]): Tensor => {
    if (disposed) throw new TypeError('a batch of molecules is read after it was disposed of');
    const copied = keep(tensor(values, shape, values instanceof Int32Array ? 'int32' : 'float32'));
    made.push(copied);
    return copied;
  };
  const optional = (values: Float32Array | null, shape: number[]) => (values === null ? null : upload(values, shape));
  const segments = ({ index, count, offsets, order }: HostSegments): Segments => ({
    index: upload(index, [index.length]),
    count,
    offsets: upload(offsets, [offsets.length]),
    order: order === null ? null : upload(order, [order.length]),
  });
  const nodeAttrs = once(() => upload(host.nodeAttrs, [numNodes, host.nodeWidth]));
  const coordinates = once(() => upload(host.coordinates, [numNodes, 3]));
  const edgeIndex = once(() => [segments(host.edgeIndex[0]), segments(host.edgeIndex[1])] as const);
  const batch = once(() => segments(host.batch));
  const nodesPerGraph = once(() => upload(host.nodesPerGraph, [numGraphs, 1]));
  const cellShifts = once(() => optional(host.cellShifts, [numEdges, 3]));
  const edgeAttrs = once(() => optional(host.edgeAttrs, [numEdges, host.edgeWidth]));
  const graphAttrs = once(() => optional(host.graphAttrs, [numGraphs, host.graphWidth]));
  const totalAtomicEnergy = once(() => optional(host.totalAtomicEnergy, [numGraphs, 1]));
  const targets = once(() =>
    Object.fromEntries(
      Object.entries(host.targets).map(([head, { values, width }]) => [head, upload(values, [values.length / width, width])]),
    ),
  );
  return {
    numGraphs,
    numNodes,
    numEdges,
    get nodeAttrs() {
      return nodeAttrs();
    },
    get coordinates() {
      return coordinates();
    },
    get edgeIndex() {
      return edgeIndex();
    },
    get batch() {
      return batch();
    },
    get nodesPerGraph() {
      return nodesPerGraph();
    },
    get cellShifts() {
      return cellShifts();
    },
    get edgeAttrs() {
      return edgeAttrs();
    },
    get graphAttrs() {
      return graphAttrs();
    },
    get totalAtomicEnergy() {
      return totalAtomicEnergy();
    },
    get targets() {
      return targets();
    },
    dispose() {
      disposed = true;
      for (const copied of made) copied.dispose();
    },
  };
}

/** Edges of each molecule of a batch: they are sorted by their first atom, and atoms by molecule. */
export function edgesPerGraph({ batch, edgeIndex: [{ offsets }] }: HostGraphBatch): readonly number[] {
  const edgesBefore = (graph: number) => offsets[batch.offsets[graph] as number] as number;
  return Array.from({ length: batch.count }, (_, graph) => edgesBefore(graph + 1) - edgesBefore(graph));
}
