import { bytesOf } from './buffers-of.ts';
import { type Connection, connect, type Thread } from './connection.ts';
import { startThread } from './start-thread.ts';

/**
 * What a thread has forgotten stays in its memory until it collects garbage, which it does not do while it waits. One that so much may lie in is ended: every
 * dataset it was ever given, and for the edges of its molecules as much as the first batches of them took.
 */
export const MOST_BYTES_KEPT = 128 * 1024 * 1024;

/** Where a thread waits for the next stage when one is done with it: its code is compiled, and the end of a thread takes a core for as long as many a step. */
export interface KeptThread {
  /** Connects to the thread that waits, or to a new one. Closing the connection has it wait again: dead, busy or full ones are ended. */
  readonly connect: () => Connection;
  /** Whether one waits. It does not keep the process alive. */
  readonly isWaiting: () => boolean;
}

/** A thread that was started. */
interface Started {
  readonly thread: Thread;
  readonly connection: Connection;
  /** Of datasets and batches that may lie in its memory. */
  bytes: number;
}

/** Creates a place where none waits yet. `run` starts a thread. */
export function keepThread(run: () => Thread = startThread): KeptThread {
  let idle: Started | null = null;
  return {
    connect() {
      const started = idle?.connection.isIdle() === true ? idle : start(run);
      idle = null;
      started.thread.ref();
      return connectionTo(started, async () => {
        const { thread, connection, bytes } = started;
        if (idle !== null || !connection.isIdle() || bytes > MOST_BYTES_KEPT) return connection.close();
        thread.unref();
        idle = started;
      });
    },
    isWaiting: () => idle?.connection.isIdle() === true,
  };
}

function start(run: () => Thread): Started {
  const thread = run();
  return { thread, connection: connect(thread), bytes: 0 };
}

/** A connection that counts what stays in the thread, and has it forget all of that before it is handed back. */
function connectionTo(started: Started, handBack: () => Promise<void>): Connection {
  const { connection } = started;
  /** By dataset: its rows that may not have been built yet. */
  const known = new Map<number, number>();
  let closing: Promise<void> | undefined;
  const close = () => {
    for (const dataset of known.keys()) connection.forget(dataset);
    return handBack();
  };
  return {
    ...connection,
    send(dataset, neighbours) {
      started.bytes += bytesOf(dataset);
      const number = connection.send(dataset, neighbours);
      known.set(number, dataset.rows);
      return number;
    },
    async build(dataset, rows) {
      const left = known.get(dataset) ?? 0;
      if (left > 0) known.set(dataset, left - rows.length);
      const reply = await connection.build(dataset, rows);
      if (left > 0 && reply.type === 'built') started.bytes += reply.byteLength;
      return reply;
    },
    forget(dataset) {
      known.delete(dataset);
      connection.forget(dataset);
    },
    close: () => (closing ??= close()),
  };
}
