import type { NeighbourPlan } from '../../../contracts/graphs.ts';
import type { GraphDataset } from '../../dataset.ts';
import { buildGraphBatch } from '../build-graph-batch.ts';
import type { BatchRequest, BuilderReply, BuilderRequest, MoleculesRequest } from './messages.ts';

const datasets = new Map<number, { readonly dataset: GraphDataset; readonly neighbours: NeighbourPlan }>();

/** Does what a request asks for; null: there is nothing to reply. */
export function answer(request: BuilderRequest): BuilderReply | null {
  if (request.type === 'molecules') {
    datasets.set(request.dataset, { dataset: toDataset(request.molecules), neighbours: request.neighbours });
    return null;
  }
  if (request.type === 'forget') {
    datasets.delete(request.dataset);
    return null;
  }
  return build(request);
}

/** Property by property: of objects whose properties came in another order V8 compiles other code. */
function toDataset(molecules: MoleculesRequest['molecules']): GraphDataset {
  return {
    kind: molecules.kind,
    rows: molecules.rows,
    nodeOffsets: molecules.nodeOffsets,
    atomNumbers: molecules.atomNumbers,
    numElements: molecules.numElements,
    coordinates: molecules.coordinates,
    nodeAttrs: molecules.nodeAttrs,
    nodeAttrWidth: molecules.nodeAttrWidth,
    bonds: molecules.bonds,
    graphAttrs: molecules.graphAttrs,
    graphAttrWidth: molecules.graphAttrWidth,
    totalAtomicEnergy: molecules.totalAtomicEnergy,
    targets: molecules.targets,
    rowId: String,
  };
}

function build({ dataset: number, rows }: BatchRequest): BuilderReply {
  try {
    const known = datasets.get(number);
    if (known === undefined) throw new TypeError(`a batch of dataset ${number}, which is not there`);
    const batch = buildGraphBatch(known.dataset, rows, known.neighbours);
    const byteLength = [...buffersOf(batch)].reduce((sum, buffer) => sum + buffer.byteLength, 0);
    return { type: 'built', batch, byteLength };
  } catch (error) {
    return { type: 'failed', error };
  }
}

/** The memory of every array in a batch, each once. A batch is built of new arrays only, so that all of it may be handed over. */
export function buffersOf(value: unknown, found: Set<ArrayBuffer> = new Set()): ReadonlySet<ArrayBuffer> {
  if (ArrayBuffer.isView(value)) found.add(value.buffer as ArrayBuffer);
  else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) buffersOf(part, found);
  return found;
}
