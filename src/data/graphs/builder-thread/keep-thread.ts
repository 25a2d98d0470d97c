import { buffersOf } from './answer.ts';
import { type Connection, connect, type Thread } from './connection.ts';
import type { BuilderReply } from './messages.ts';
import { startThread } from './start-thread.ts';

/** What a thread has forgotten stays in its memory until it collects garbage, which it does not while it waits: one that was given and gave more than this is ended. */
export const MOST_BYTES_KEPT = 128 * 1024 * 1024;

/** A thread that waits for the next stage when one is done with it: its code is compiled, and the end of a thread takes a core for as long as many a step. */
export interface KeptThread {
  /** The thread that waits, or a new one. Closing the connection has it wait again: dead, busy or full ones are ended. */
  readonly connect: () => Connection;
  /** Whether one waits. It does not keep the process alive. */
  readonly isWaiting: () => boolean;
}

/** Creates the place of a thread that waits; none does yet. `run` starts one. */
export function keepThread(run: () => Thread = startThread): KeptThread {
  let waiting: { readonly thread: Thread; readonly connection: Connection } | null = null;
  return {
    connect() {
      const { thread, connection } = waiting?.connection.isIdle() === true ? waiting : start(run);
      waiting = null;
      thread.ref();
      const known = new Set<number>();
      let bytes = 0;
      const count = (reply: BuilderReply) => {
        if (reply.type === 'built') bytes += reply.byteLength;
        return reply;
      };
      return {
        ...connection,
        send(dataset, neighbours) {
          for (const { byteLength } of buffersOf(dataset)) bytes += byteLength;
          const number = connection.send(dataset, neighbours);
          known.add(number);
          return number;
        },
        build: (dataset, rows) => connection.build(dataset, rows).then(count),
        forget(dataset) {
          known.delete(dataset);
          connection.forget(dataset);
        },
        async close() {
          if (waiting !== null || !connection.isIdle() || bytes > MOST_BYTES_KEPT) return connection.close();
          for (const dataset of known) connection.forget(dataset);
          thread.unref();
          waiting = { thread, connection };
        },
      };
    },
    isWaiting: () => waiting?.connection.isIdle() === true,
  };
}

function start(run: () => Thread): { readonly thread: Thread; readonly connection: Connection } {
  const thread = run();
  return { thread, connection: connect(thread) };
}
