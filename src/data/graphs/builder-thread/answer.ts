import type { NeighbourPlan } from '../../../contracts/graphs.ts';
import type { GraphDataset } from '../../dataset.ts';
import { buildGraphBatch } from '../build-graph-batch.ts';
import { buffersOf, bytesOf } from './buffers-of.ts';
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
    return { type: 'built', batch, byteLength: bytesOf(batch) };
  } catch (error) {
    return { type: 'failed', error };
  }
}

/** The memory of a batch. It is built of new arrays only, so that all of it may be handed over. */
export function transferable(reply: BuilderReply): readonly ArrayBuffer[] {
  return reply.type === 'built' ? ([...buffersOf(reply.batch)] as ArrayBuffer[]) : [];
}
