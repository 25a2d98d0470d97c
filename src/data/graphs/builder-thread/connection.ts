import type { NeighbourPlan } from '../../../contracts/graphs.ts';
import { RootstockError } from '../../../errors.ts';
import type { GraphDataset } from '../../dataset.ts';
import type { BuilderReply, BuilderRequest } from './messages.ts';

/** What is used of a `Worker`. */
export interface Thread {
  postMessage(request: BuilderRequest, transfer: readonly ArrayBuffer[]): void;
  on(event: 'message', listener: (reply: BuilderReply) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'exit', listener: (code: number) => void): unknown;
  terminate(): Promise<unknown>;
  /** Whether the process stays alive for it: a new one keeps it so. */
  ref(): void;
  unref(): void;
}

/** A running thread. */
export interface Connection {
  /** Sends a dataset and gives its number. */
  send(dataset: GraphDataset, neighbours: NeighbourPlan): number;
  /** Asks for a batch. Rejects once the thread is dead: TRAINER_DIED, or OUT_OF_MEMORY where its heap was full; a retry helps with both. */
  build(dataset: number, rows: Uint32Array): Promise<BuilderReply>;
  forget(dataset: number): void;
  /** Whether the thread is alive and nobody waits for it. */
  isIdle(): boolean;
  close(): Promise<void>;
}

/** Talks to a thread. Answers come in the order of the requests. A thread that hangs leaves them open: the trainer's watchdog sees that. */
export function connect(thread: Thread): Connection {
  const waiting: Waiting[] = [];
  let datasets = 0;
  let failure: RootstockError | null = null;
  const fail = (error: RootstockError) => {
    failure ??= error;
    for (const { reject } of waiting.splice(0)) reject(failure);
  };
  thread.on('message', (reply) => waiting.shift()?.resolve(reply));
  thread.on('error', (error) => fail(stopped(error)));
  thread.on('exit', (code) => fail(ended(code)));
  return {
    send(dataset, neighbours) {
      thread.postMessage({ type: 'molecules', dataset: datasets, molecules: { ...dataset, rowId: undefined }, neighbours }, []);
      datasets += 1;
      return datasets - 1;
    },
    build(dataset, rows) {
      if (failure !== null) return Promise.reject(failure);
      // A copy: rows are a view of the order of an epoch, which would be taken along whole.
      const own = new Uint32Array(rows);
      thread.postMessage({ type: 'batch', dataset, rows: own }, [own.buffer]);
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
      });
    },
    forget(dataset) {
      thread.postMessage({ type: 'forget', dataset }, []);
    },
    isIdle: () => failure === null && waiting.length === 0,
    async close() {
      await thread.terminate();
    },
  };
}

interface Waiting {
  readonly resolve: (reply: BuilderReply) => void;
  readonly reject: (error: RootstockError) => void;
}

const FIX = 'Training goes on from the newest snapshot.\nFix: if it happens again, look for a lack of memory';

function stopped(cause: Error): RootstockError {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') {
    const message = `The thread that builds graph batches is out of memory: ${cause.message}. ${FIX}, and lower datamodule.cut_off or the batch size.`;
    return new RootstockError('OUT_OF_MEMORY', message, { thread: 'graph batches' }, { cause });
  }
  const message = `The thread that builds graph batches failed: ${cause.message}. ${FIX}, or report it.`;
  return new RootstockError('TRAINER_DIED', message, { thread: 'graph batches' }, { cause });
}

function ended(code: number): RootstockError {
  const message = `The thread that builds graph batches exited with code ${code}. ${FIX}, or report it.`;
  return new RootstockError('TRAINER_DIED', message, { thread: 'graph batches', exitCode: code });
}
