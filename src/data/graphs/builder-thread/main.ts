import { parentPort } from 'node:worker_threads';
import type { NeighbourPlan } from '../../../contracts/graphs.ts';
import type { GraphDataset } from '../../dataset.ts';
import { buildGraphBatch } from '../build-graph-batch.ts';
import type { BatchRequest, BuilderReply, BuilderRequest } from './messages.ts';

const datasets = new Map<number, { readonly dataset: GraphDataset; readonly neighbours: NeighbourPlan }>();

parentPort?.on('message', (request: BuilderRequest) => {
  if (request.type === 'molecules') {
    const { molecules, neighbours } = request;
    datasets.set(request.dataset, { dataset: { ...molecules, rowId: String }, neighbours });
  } else if (request.type === 'forget') {
    datasets.delete(request.dataset);
  } else {
    const reply = build(request);
    parentPort?.postMessage(reply, reply.type === 'built' ? [...buffersOf(reply.batch)] : []);
  }
});

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
function buffersOf(value: unknown, found: Set<ArrayBuffer> = new Set()): ReadonlySet<ArrayBuffer> {
  if (ArrayBuffer.isView(value)) found.add(value.buffer as ArrayBuffer);
  else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) buffersOf(part, found);
  return found;
}
