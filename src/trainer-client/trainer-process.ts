import type { FromTrainer, ToTrainer, TrainerJob } from '../contracts/trainer-protocol.ts';
import { type ErrorCode, RootstockError } from '../errors.ts';
import { forkTrainer, type TrainerFork } from './fork-trainer.ts';
import { createWatchdog } from './watchdog.ts';

/** A trainer at work on one job: the only process that holds tensors. */
export interface TrainerHandle {
  readonly pid: number;
  /** Resolves with the trainer's last word, once it has ended or waits for another job; rejects with its coded error, TRAINER_DIED or TRAINER_STALLED. */
  readonly outcome: Promise<TrainerOutcome>;
  /** True while the trainer keeps within the budget of its phase. */
  isContent(): boolean;
  phase(): string;
  /** Asks for a snapshot at the next step boundary; with `stop` the trainer exits after it. Nothing once the job is done. */
  save(stop: boolean): void;
  /** Ends the trainer. Nothing once the job is done: then it is somebody else's. */
  kill(): void;
}

/** How a trainer ended well. */
export type TrainerOutcome = Extract<FromTrainer, { readonly type: 'finished' | 'evaluated' | 'predicted' | 'saved' }>;

/** A trainer that has said its last word ends at once. Nothing is lost with one that does not, so the next stage does not wait for it. */
const END_BUDGET_MS = 5_000;

/** Makes the job once the trainer's pid is known: a lease names the process that works under it. */
export type MakeJob = (trainerPid: number) => Promise<TrainerJob>;

/** Which process does a job, and what becomes of it. */
export interface TrainerSource {
  /** One that was forked before. Absent: a new one. */
  readonly forked?: TrainerFork;
  /** Is given the process if it waits for another job after this one. Absent: it exits. */
  readonly onStay?: (forked: TrainerFork) => void;
}

/** Starts a trainer process for one job, or takes one that waits, and watches over it. `onMessage` hears what it says about the job. */
export function startTrainer(
  makeJob: MakeJob,
  onMessage: (message: FromTrainer) => void = () => undefined,
  { forked = forkTrainer(), onStay }: TrainerSource = {},
): TrainerHandle {
  const { child } = forked;
  let atWork = true;
  const kill = () => void (atWork && child.kill('SIGKILL'));
  const watchdog = createWatchdog(kill);
  const send = (message: ToTrainer) => {
    if (child.connected) child.send(message, () => undefined);
  };
  const requests = holdBack(send);
  let phase = 'start';
  const outcome = new Promise<TrainerOutcome>((resolve, reject) => {
    let last: TrainerOutcome | undefined;
    let failure: RootstockError | undefined;
    void forked.ready
      .then(() => makeJob(child.pid ?? -1))
      .then(
        (job) => {
          send({ type: 'start', job, stay: onStay !== undefined });
          requests.release();
        },
        (error: unknown) => {
          failure = toRootstockError(error);
          kill();
        },
      );
    const listeners = {
      message(message: FromTrainer) {
        if (message.type === 'ready' && last !== undefined) return leave();
        if (message.type === 'phase') {
          phase = message.phase;
          watchdog.begin(message.budgetMs);
        }
        if (message.type === 'failed') failure = trainerError(message);
        else if (isOutcome(message)) last = message;
        if (failure !== undefined || last !== undefined) watchdog.begin(END_BUDGET_MS);
        onMessage(message);
      },
      error: (cause: Error) =>
        reject(new RootstockError('TRAINER_DIED', `The trainer process could not be started: ${cause.message}`, {}, { cause })),
      close(code: number | null, signal: string | null) {
        end();
        if (failure !== undefined) reject(failure);
        else if (last !== undefined) resolve(last);
        else if (watchdog.expired()) reject(stalled(phase));
        else reject(died({ code, signal, phase, stderr: forked.stderr() }));
      },
    };
    const end = () => {
      atWork = false;
      watchdog.end();
      for (const [event, listener] of Object.entries(listeners)) child.off(event, listener);
    };
    /** It waits for its next job, and nothing of this one may reach it any more. */
    const leave = () => {
      end();
      if (last !== undefined) resolve(last);
      onStay?.(forked.again());
    };
    for (const [event, listener] of Object.entries(listeners)) child.on(event, listener);
  });
  outcome.catch(() => undefined); // the caller awaits it later; an early death must not end the worker
  return {
    pid: child.pid ?? -1,
    outcome,
    isContent: () => watchdog.isContent(),
    phase: () => phase,
    save: (stop) => void (atWork && requests.send({ type: 'save', stop })),
    kill,
  };
}

/** Holds messages back until the job has been sent: a trainer that waits hears of no request. */
function holdBack(send: (message: ToTrainer) => void): { readonly send: (message: ToTrainer) => void; readonly release: () => void } {
  let held: ToTrainer[] | null = [];
  return {
    send: (message) => void (held === null ? send(message) : held.push(message)),
    release() {
      for (const message of held ?? []) send(message);
      held = null;
    },
  };
}

function isOutcome(message: FromTrainer): message is TrainerOutcome {
  return message.type === 'finished' || message.type === 'evaluated' || message.type === 'predicted' || message.type === 'saved';
}

function toRootstockError(error: unknown): RootstockError {
  if (error instanceof RootstockError) return error;
  return new RootstockError('INTERNAL', error instanceof Error ? error.message : String(error), {}, { cause: error });
}

function trainerError(message: Extract<FromTrainer, { readonly type: 'failed' }>): RootstockError {
  return new RootstockError(message.code as ErrorCode, message.message, JSON.parse(message.details) as Record<string, unknown>);
}

function stalled(phase: string): RootstockError {
  return new RootstockError(
    'TRAINER_STALLED',
    `The trainer was killed: its phase "${phase}" took longer than its budget. The stage goes on from the last snapshot.`,
    { phase },
  );
}

function died(facts: {
  readonly code: number | null;
  readonly signal: string | null;
  readonly phase: string;
  readonly stderr: string;
}): RootstockError {
  const how = facts.signal === null ? `exited with code ${facts.code}` : `was ended by ${facts.signal}`;
  const hint = facts.signal === 'SIGKILL' ? ' (killed by someone, or by the system for lack of memory)' : '';
  const text = facts.stderr.trim() === '' ? '' : `\n${facts.stderr.trim()}`;
  return new RootstockError(
    'TRAINER_DIED',
    `The trainer ${how}${hint} in phase "${facts.phase}". The stage goes on from the last snapshot.${text}`,
    { ...facts },
  );
}
