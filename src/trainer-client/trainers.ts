import { availableParallelism } from 'node:os';
import type { BackendName } from '../contracts/plan.ts';
import type { FromTrainer } from '../contracts/trainer-protocol.ts';
import { forkTrainer, type TrainerFork } from './fork-trainer.ts';
import { type MakeJob, startTrainer, type TrainerHandle } from './trainer-process.ts';

/** Starts the trainers of one worker, and has at most one wait for its job, so that a stage need not wait for a process to start. */
export interface Trainers {
  /** Starts a trainer for one job on this backend: the one that waits for such a job, or a new one. No trainer serves two jobs. */
  start(backend: BackendName, makeJob: MakeJob, onMessage?: (message: FromTrainer) => void): TrainerHandle;
  /** Has a trainer wait for a job on this backend, where the machine has room for it. It ends by itself when none comes. Never throws. */
  prepare(backend: BackendName): void;
  /** Ends the one that waits, and has none wait from now on. */
  close(): void;
}

/** What the machine has to spare; a process waiting for its job takes a core for 0.3 s and then 120 MB. */
export interface Room {
  readonly cores: number;
  readonly availableBytes: number;
}

/** How trainers wait. */
export interface TrainersOptions {
  readonly room?: () => Room;
  /** How long one waits before it is ended. */
  readonly idleMs?: number;
  /** Forks one that waits; may throw. */
  readonly fork?: (backend: BackendName) => TrainerFork;
}

/** A stage follows the one before within a second, the next run of a script within a few; memory is not held for longer. */
const IDLE_MS = 30_000;

/** Room for one that waits beside the one that trains. */
const ROOM = { cores: 2, availableBytes: 2 ** 30 } as const;

/** Backends that leave a device alone when loaded: a waiting process must not hold a GPU's memory. */
const CAN_WAIT: readonly BackendName[] = ['wasm', 'cpu'];

/** Creates the trainers of a worker. None waits before `prepare`. */
export function createTrainers({ room = readRoom, idleMs = IDLE_MS, fork = forkTrainer }: TrainersOptions = {}): Trainers {
  let waiting: { readonly backend: BackendName; readonly forked: TrainerFork; readonly idle: NodeJS.Timeout } | undefined;
  let closed = false;
  const forget = (): TrainerFork | undefined => {
    clearTimeout(waiting?.idle);
    const forked = waiting?.forked;
    waiting = undefined;
    return forked;
  };
  const end = (): void => void forget()?.child.kill('SIGKILL');
  const take = (backend: BackendName): TrainerFork | undefined => (waiting?.backend === backend ? forget() : undefined);
  return {
    start: (backend, makeJob, onMessage) => startTrainer(makeJob, onMessage, take(backend)),
    prepare(backend) {
      if (closed || waiting?.backend === backend || !CAN_WAIT.includes(backend) || !hasRoom(room())) return;
      end();
      const forked = forkIfPossible(fork, backend);
      if (forked === undefined) return;
      const idle = setTimeout(end, idleMs);
      idle.unref();
      waiting = { backend, forked, idle };
      // One that dies meanwhile is nobody's loss: the next job gets a new one.
      const onEnd = () => void (waiting?.forked === forked && forget());
      forked.child.once('exit', onEnd);
      forked.child.once('error', onEnd);
    },
    close() {
      closed = true;
      end();
    },
  };
}

/** A machine without memory or descriptors for one more process throws: nobody waits for this one. The job's own trainer says what is wrong. */
function forkIfPossible(fork: (backend: BackendName) => TrainerFork, backend: BackendName): TrainerFork | undefined {
  try {
    return fork(backend);
  } catch {
    return undefined;
  }
}

function hasRoom({ cores, availableBytes }: Room): boolean {
  return cores >= ROOM.cores && availableBytes >= ROOM.availableBytes;
}

function readRoom(): Room {
  return { cores: availableParallelism(), availableBytes: process.availableMemory() };
}
