import { keep, type Tensor } from '@tensorflow/tfjs-core';
import type { GraphHead } from '../contracts/graphs.ts';
import type { HostGraphBatch, HostSegments } from '../data/graphs/graph-batch.ts';
import { lazyObject } from '../data/lazy-object.ts';
import type { GraphBatch } from '../models/definition.ts';
import type { Segments } from '../ops/segments.ts';
import { copyToDevice } from './fill-on-heap.ts';

/** A batch of molecules whose parts are copied to the device when they are first read. */
export interface UploadedGraphBatch extends GraphBatch {
  /** Frees what was copied. What was not read before cannot be read afterwards. */
  dispose(): void;
}

/**
 * Gives a batch of molecules on the device: no model reads all of it, and one behind a frozen prefix next to nothing. What is first read
 * in a tidy or while gradients are recorded outlives it: all of it is the batch's own.
 */
export function uploadGraphBatch(host: HostGraphBatch): UploadedGraphBatch {
  return uploadedBatch({ host, made: [], disposed: false });
}

/** A batch and what was copied of it. */
interface Upload {
  readonly host: HostGraphBatch;
  readonly made: Tensor[];
  disposed: boolean;
}

const uploadedBatch = lazyObject<Upload, UploadedGraphBatch>({
  numGraphs: ({ host }) => host.numGraphs,
  numNodes: ({ host }) => host.numNodes,
  numEdges: ({ host }) => host.numEdges,
  nodeAttrs: (upload) => copy(upload, upload.host.nodeAttrs, [upload.host.numNodes, upload.host.nodeWidth]),
  coordinates: (upload) => copy(upload, upload.host.coordinates, [upload.host.numNodes, 3]),
  edgeIndex: (upload) => [copySegments(upload, upload.host.edgeIndex[0]), copySegments(upload, upload.host.edgeIndex[1])],
  batch: (upload) => copySegments(upload, upload.host.batch),
  nodesPerGraph: (upload) => copy(upload, upload.host.nodesPerGraph, [upload.host.numGraphs, 1]),
  cellShifts: (upload) => copyIfThere(upload, upload.host.cellShifts, [upload.host.numEdges, 3]),
  edgeAttrs: (upload) => copyIfThere(upload, upload.host.edgeAttrs, [upload.host.numEdges, upload.host.edgeWidth]),
  graphAttrs: (upload) => copyIfThere(upload, upload.host.graphAttrs, [upload.host.numGraphs, upload.host.graphWidth]),
  totalAtomicEnergy: (upload) => copyIfThere(upload, upload.host.totalAtomicEnergy, [upload.host.numGraphs, 1]),
  targets: copyTargets,
  dispose: (upload) => () => {
    upload.disposed = true;
    for (const copied of upload.made) copied.dispose();
  },
});

function copy(upload: Upload, values: Float32Array | Int32Array, shape: number[]): Tensor {
  if (upload.disposed) throw new TypeError('a batch of molecules is read after it was disposed of');
  const copied = keep(copyToDevice(values, shape));
  upload.made.push(copied);
  return copied;
}

function copyTargets(upload: Upload): GraphBatch['targets'] {
  const { targets } = upload.host;
  const copied: Partial<Record<GraphHead, Tensor>> = {};
  for (const head in targets) {
    const { values, width } = targets[head as GraphHead] as (typeof targets)[GraphHead] & object;
    copied[head as GraphHead] = copy(upload, values, [values.length / width, width]);
  }
  return copied;
}

function copyIfThere(upload: Upload, values: Float32Array | null, shape: number[]): Tensor | null {
  return values === null ? null : copy(upload, values, shape);
}

function copySegments(upload: Upload, { index, count, offsets, order }: HostSegments): Segments {
  return {
    index: copy(upload, index, [index.length]),
    count,
    offsets: copy(upload, offsets, [offsets.length]),
    order: order === null ? null : copy(upload, order, [order.length]),
  };
}

/** Edges of each molecule of a batch: they are sorted by their first atom, and atoms by molecule. */
export function edgesPerGraph({ batch, edgeIndex: [{ offsets }] }: HostGraphBatch): readonly number[] {
  const edgesBefore = (graph: number) => offsets[batch.offsets[graph] as number] as number;
  return Array.from({ length: batch.count }, (_, graph) => edgesBefore(graph + 1) - edgesBefore(graph));
}
