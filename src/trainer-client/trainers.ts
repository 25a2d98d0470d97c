import { availableParallelism } from 'node:os';
import type { BackendName } from '../contracts/plan.ts';
import type { FromTrainer } from '../contracts/trainer-protocol.ts';
import { forkTrainer, type TrainerFork } from './fork-trainer.ts';
import { type MakeJob, startTrainer, type TrainerHandle, type TrainerOutcome } from './trainer-process.ts';

/**
 * Starts the trainers of one worker, and has at most one wait for its job, so that a stage need not wait for a process to start, nor its
 * first steps for machine code. One that has finished a stage well may do another: it has let go of everything of the first (the
 * trainer sees to that itself, and exits where it is not so), and gives the bits of a new process.
 */
export interface Trainers {
  /** Starts a job on this backend, in the trainer that waits for such a job or in a new one. */
  start(backend: BackendName, makeJob: MakeJob, onMessage?: (message: FromTrainer) => void, options?: StartOptions): TrainerHandle;
  /** Has a trainer wait for a job on this backend, where the machine has room for it. It ends by itself when none comes. Never throws. */
  prepare(backend: BackendName): void;
  /** Ends the one that waits, and has none wait from now on. */
  close(): void;
}

/** What is known of a job beside its backend. */
export interface StartOptions {
  /** Another job on this backend follows: the trainer waits for it once this one is finished. */
  readonly stay?: boolean;
  /** Never in a trainer that has done a job before: this one has failed once, and memory may have been why. */
  readonly fresh?: boolean;
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

/** A stage follows the one before within a second or so, the next run of a script within a few; memory is not held for longer. */
const IDLE_MS = 30_000;

/** Room for one that waits beside the one that trains. */
const ROOM = { cores: 2, availableBytes: 2 ** 30 } as const;

/** Backends that leave a device alone when loaded: a waiting process must not hold a GPU's memory. */
const CAN_WAIT: readonly BackendName[] = ['wasm', 'cpu'];

/** Creates the trainers of a worker. None waits before `prepare`. */
export function createTrainers({ room = readRoom, idleMs = IDLE_MS, fork = forkTrainer }: TrainersOptions = {}): Trainers {
  let waiting: Waiting | undefined;
  let closed = false;
  const forget = (): TrainerFork | undefined => {
    const forked = waiting?.forked;
    waiting?.cancel();
    waiting = undefined;
    return forked;
  };
  const end = (): void => void forget()?.child.kill('SIGKILL');
  const take = (backend: BackendName, fresh: boolean): TrainerFork | undefined =>
    waiting?.backend === backend && !(fresh && waiting.forked.used) ? forget() : undefined;
  const wait = (backend: BackendName, forked: TrainerFork): void => {
    const { child } = forked;
    const idle = setTimeout(end, idleMs);
    idle.unref();
    // One that dies meanwhile is nobody's loss: the next job gets a new one.
    const onEnd = () => void forget();
    child.once('exit', onEnd).once('error', onEnd);
    const cancel = () => {
      clearTimeout(idle);
      child.off('exit', onEnd).off('error', onEnd);
    };
    waiting = { backend, forked, cancel };
  };
  const prepare = (backend: BackendName): void => {
    if (closed || waiting?.backend === backend || !CAN_WAIT.includes(backend) || !hasRoom(room())) return;
    end();
    const forked = forkIfPossible(fork, backend);
    if (forked !== undefined) wait(backend, forked);
  };
  /** It needs no room: whatever starts in its place would take as much. */
  const keep = (backend: BackendName, forked: TrainerFork): void => {
    end();
    if (closed) forked.child.kill('SIGKILL');
    else wait(backend, forked);
  };
  return {
    start(backend, makeJob, onMessage, { stay = false, fresh = false } = {}) {
      const forked = take(backend, fresh);
      const source = forked === undefined ? {} : { forked };
      if (!stay || !CAN_WAIT.includes(backend)) return startTrainer(makeJob, onMessage, source);
      let stays = false;
      const onStay = (waits: TrainerFork) => {
        stays = true;
        keep(backend, waits);
      };
      const handle = startTrainer(makeJob, onMessage, { ...source, onStay });
      // One that could not stay has ended: the next one gets ready while the stage is put away.
      const onDone = ({ type }: TrainerOutcome) => void (type === 'finished' && !stays && prepare(backend));
      handle.outcome.then(onDone, () => undefined);
      return handle;
    },
    prepare,
    close() {
      closed = true;
      end();
    },
  };
}

/** A trainer that waits. */
interface Waiting {
  readonly backend: BackendName;
  readonly forked: TrainerFork;
  /** Stops the clock and the looking out for its end. */
  readonly cancel: () => void;
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
