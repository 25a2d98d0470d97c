import type { FromTrainer, ToTrainer, TrainerPhase, TrainerProgress } from '../contracts/trainer-protocol.ts';

/** Messages that come often are sent at most this often. */
const THROTTLE_MS = 100;

/** The trainer's side of the IPC channel. */
export interface Channel {
  /** Sends at once. */
  send(message: FromTrainer): void;
  /** Begins a phase. Another phase is always said at once, for its budget is another one; the same phase again (a step) at most each 100 ms. */
  phase(phase: TrainerPhase, budgetMs: number): void;
  /** Throttled; the newest one is sent before the last word. */
  progress(progress: TrainerProgress): void;
  /** Says how many rows are done, at most each 100 ms. */
  rows(rows: number): void;
  /** Sends what is held back and the last word of a job; resolves once the parent's end of the channel has them. The next job begins anew. */
  finish(message: FromTrainer): Promise<void>;
}

/** The part of `process` that a channel needs. */
export interface ChannelEnd {
  send?(message: FromTrainer, done: (error: Error | null) => void): boolean;
  on(event: 'message', listener: (message: ToTrainer) => void): unknown;
}

/** Opens the channel to the parent; `onMessage` hears what it says. */
export function openChannel(
  end: ChannelEnd,
  onMessage: (message: ToTrainer) => void,
  now: () => number = () => performance.now(),
): Channel {
  let lastPhase: { readonly phase: TrainerPhase; readonly budgetMs: number; readonly time: number } | null = null;
  let lastProgress = Number.NEGATIVE_INFINITY;
  let held: TrainerProgress | null = null;
  // A channel that has just closed ends the process by its 'disconnect' event: nothing to do here.
  const send = (message: FromTrainer, done: () => void = () => undefined) => void (end.send?.(message, done) ?? done());
  end.on('message', onMessage);
  return {
    send,
    phase(phase, budgetMs) {
      const time = now();
      const repeated = lastPhase?.phase === phase && budgetMs <= lastPhase.budgetMs;
      if (repeated && lastPhase !== null && time - lastPhase.time < THROTTLE_MS) return;
      lastPhase = { phase, budgetMs, time };
      send({ type: 'phase', phase, budgetMs });
    },
    progress(progress) {
      held = progress;
      if (now() - lastProgress < THROTTLE_MS) return;
      lastProgress = now();
      held = null;
      send({ type: 'progress', ...progress });
    },
    rows(rows) {
      if (now() - lastProgress < THROTTLE_MS) return;
      lastProgress = now();
      send({ type: 'rows', rows });
    },
    finish(message) {
      if (held !== null) send({ type: 'progress', ...held });
      held = null;
      lastPhase = null;
      lastProgress = Number.NEGATIVE_INFINITY;
      return new Promise((resolve) => send(message, resolve));
    },
  };
}
