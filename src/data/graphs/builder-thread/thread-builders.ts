import type { NeighbourPlan } from '../../../contracts/graphs.ts';
import type { GraphDataset } from '../../dataset.ts';
import { buildGraphBatch } from '../build-graph-batch.ts';
import type { HostGraphBatch } from '../graph-batch.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import { type Connection, connect } from './connection.ts';
import type { BuilderReply } from './messages.ts';
import { startThread } from './start-thread.ts';

/** Batches that are built and not taken yet fill at most this much, one of each dataset apart. */
export const MOST_BYTES_AHEAD = 128 * 1024 * 1024;

/** Builders of several datasets that share one thread. */
export interface ThreadBuilders {
  of(dataset: GraphDataset, neighbours: NeighbourPlan): GraphBuilder;
  /** Starts the thread before it has anything to do, so that nothing waits for it later. */
  start(): void;
  /** Closes the connection: the thread frees what it holds, the edges it knows included. The next batch opens another. Waits for the ends of earlier ones, too. */
  close(): Promise<void>;
}

/** A batch that was asked for ahead of its use. */
interface Build {
  readonly rows: Uint32Array;
  readonly reply: Promise<BuilderReply>;
}

/** Batches ahead of one dataset, in the order in which they are expected. */
interface Queue {
  builds: Build[];
}

/** Creates builders whose work is done in another thread, ahead of its use. `newConnection` reaches it, at the first batch at the latest. */
export function createThreadBuilders(newConnection: () => Connection = () => connect(startThread())): ThreadBuilders {
  let connection: Connection | null = null;
  const open = (): Connection => (connection ??= newConnection());
  let ending: Promise<unknown> = Promise.resolve();
  const queues = new Set<Queue>();
  /** Bytes of the largest batch so far; undefined: none is known. */
  let largest: number | undefined;
  const fits = (queue: Queue): boolean => {
    if (queue.builds.length === 0) return true;
    const builds = [...queues].reduce((sum, { builds: { length } }) => sum + length, 0);
    return largest !== undefined && (builds + 1) * largest <= MOST_BYTES_AHEAD;
  };
  return {
    of(dataset, neighbours) {
      const queue: Queue = { builds: [] };
      let sentTo: { readonly connection: Connection; readonly number: number } | null = null;
      const post = (rows: Uint32Array): Build => {
        const current = open();
        if (sentTo?.connection !== current) sentTo = { connection: current, number: current.send(dataset, neighbours) };
        const reply = current.build(sentTo.number, rows).then((answer) => {
          if (answer.type === 'built') largest = Math.max(largest ?? 0, answer.byteLength);
          return answer;
        });
        reply.catch(() => undefined); // whoever asks for the batch hears of it
        return { rows, reply };
      };
      return {
        expect(rows) {
          const known = rows.map((next) => queue.builds.find((build) => isEqual(build.rows, next)));
          // Waking the thread costs more than taking its answer: several batches at a time.
          const enough = known[0] !== undefined && known.filter((build) => build !== undefined).length > rows.length / 2;
          queue.builds = [];
          queues.add(queue);
          for (const [at, next] of rows.entries()) {
            const build = known[at] ?? (enough || !fits(queue) ? undefined : post(next));
            if (build !== undefined) queue.builds.push(build);
          }
        },
        async build(rows) {
          const at = queue.builds.findIndex((build) => isEqual(build.rows, rows));
          const { reply } = queue.builds[at] ?? post(rows);
          queue.builds = queue.builds.slice(at + 1);
          const answer = await reply;
          return answer.type === 'built' ? answer.batch : failAgain(answer.error, { dataset, rows, neighbours });
        },
        forget() {
          if (sentTo !== null && sentTo.connection === connection) connection.forget(sentTo.number);
          sentTo = null;
          queue.builds = [];
          queues.delete(queue);
        },
      };
    },
    start: () => void open(),
    async close() {
      const closing = connection;
      connection = null;
      for (const queue of queues) queue.builds = [];
      // An end that failed was heard of by whoever asked for it: it fails no later one.
      ending = Promise.all([ending.catch(() => undefined), closing?.close()]);
      await ending;
    },
  };
}

/**
 * Throws the error that building a batch ended with. A batch is a function of its rows, so that building it once more throws it anew: here,
 * where the ids of rows are known. What does not happen again (memory was short) is thrown as it came.
 */
function failAgain(
  error: unknown,
  batch: { readonly dataset: GraphDataset; readonly rows: Uint32Array; readonly neighbours: NeighbourPlan },
): HostGraphBatch {
  buildGraphBatch(batch.dataset, batch.rows, batch.neighbours);
  throw error;
}

/** Mostly two views of one place in the order of an epoch. */
function isEqual(left: Uint32Array, right: Uint32Array): boolean {
  if (left.length !== right.length) return false;
  if (left.buffer === right.buffer && left.byteOffset === right.byteOffset) return true;
  return left.every((row, at) => row === right[at]);
}
