import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { stateLayout } from '../contracts/state-directory.ts';
import { RootstockError } from '../errors.ts';
import { POLL } from '../worker/ahead.ts';
import type { ServeMessage } from '../worker/serve.ts';
import { forkWorker } from './fork-worker.ts';
import type { GlobalOptions } from './global-options.ts';
import { firstAnswer, type PreparedWorker, type TakenWorker } from './prepared-worker.ts';
import { workerEndError, workerStartError } from './worker-error.ts';
import { giveLogTo, moveLog, pruneWorkerLogs, workerLog } from './worker-logs.ts';

/** A worker in a process of its own, as long as the command lives (or, detached, until its run ends or parks). */
export interface WorkerProcess {
  /** Of the newest process: one that dies is replaced. */
  readonly pid: number;
  /** Absolute path of its log. */
  readonly log: string;
  /** Asks it to let trainers save and to end; resolves when it has gone. */
  stop(): Promise<void>;
}

/** What the worker process is told. */
export interface WorkerProcessOptions extends GlobalOptions {
  /** Detached: goes on without the command, until this run ends or parks. */
  readonly untilRun?: string;
  /** True: it answers what runs are asked, and begins no activity. */
  readonly answersOnly?: boolean;
}

/** Waits between the death of a worker and its replacement: doubled each time, back to the first after a good minute. */
const BACKOFF_MS = { first: 200, most: 30_000, goodRun: 60_000 } as const;

/** A worker that ends without a word while it starts (killed, for example) is started this often in all; then the machine is not up to it. */
const MAX_STARTS = 3;

/**
 * Starts a worker process and waits until it polls. Its errors are the command's. A worker that dies is replaced for as long as the command
 * lives, and `onRestart` hears why in words; a detached one is on its own. `prepared` is used instead of a new process while it is there.
 */
export async function startWorkerProcess(
  options: WorkerProcessOptions,
  onRestart: (reason: string) => void = () => undefined,
  prepared?: PreparedWorker,
): Promise<WorkerProcess> {
  let log = openableLog(options);
  const taken = prepared?.take();
  // One that was told ahead may have begun elsewhere.
  if (taken?.log !== undefined && taken.log !== log) log = moveLog(taken.log, log);
  let child = await startFirst(options, log, { taken, onRestart });
  const stopping = new AbortController();
  const { signal } = stopping;
  const askToEnd = () => {
    if (child.connected) child.send('shutdown', () => undefined);
  };

  const keep = async (): Promise<void> => {
    let backoffMs: number = BACKOFF_MS.first;
    for (let since = Date.now(); ; since = Date.now()) {
      const end = await endOf(child);
      if (signal.aborted || end === null) return;
      if (Date.now() - since > BACKOFF_MS.goodRun) backoffMs = BACKOFF_MS.first;
      for (let reason = `the worker ${end}`; reason !== ''; backoffMs = Math.min(2 * backoffMs, BACKOFF_MS.most)) {
        onRestart(`${reason}; starting it again`);
        await sleep(backoffMs, undefined, { signal }).catch(() => undefined);
        if (signal.aborted) return;
        reason = await startChild(options, log).then(
          (started) => {
            child = started;
            if (signal.aborted) askToEnd();
            return '';
          },
          (error: Error) => `the worker cannot be started: ${error.message.split('\n')[0] ?? ''}`,
        );
      }
    }
  };
  let kept = Promise.resolve();
  if (options.untilRun === undefined) kept = keep();
  else {
    log = giveLogTo(log, child.pid ?? process.pid);
    child.disconnect();
    child.unref();
  }
  return {
    get pid() {
      return child.pid ?? -1;
    },
    log,
    async stop() {
      stopping.abort();
      askToEnd();
      await kept;
    },
  };
}

/**
 * Has a prepared worker do everything but poll; `startWorkerProcess` with the same options has it poll. Makes nothing in the state directory that
 * would stay: a log has to go somewhere, and in a new one that is the folder of the embedded server, which goes with it. `storeId`: of the store that
 * is there by the time it polls.
 */
export function orderWorker(options: WorkerProcessOptions, storeId: string, prepared: PreparedWorker): void {
  const { workers, server } = stateLayout(options.stateDir);
  const directory = [workers, server].find((path) => existsSync(path));
  if (directory !== undefined) prepared.order({ serve: options, log: workerLog(directory, process.pid), hold: { storeId } });
}

/** Makes room for the log of this command's workers. Absolute. STORE_IO. */
function openableLog({ stateDir }: WorkerProcessOptions): string {
  const { workers } = stateLayout(stateDir);
  const log = workerLog(workers, process.pid);
  try {
    mkdirSync(workers, { recursive: true });
    pruneWorkerLogs(workers);
  } catch (error) {
    throw workerStartError(error, log);
  }
  return log;
}

interface FirstStart {
  readonly taken: TakenWorker | undefined;
  readonly onRestart: (reason: string) => void;
}

/** `startChild`, and again where one ended without a word: that one was killed, and says nothing about the next. */
async function startFirst(options: WorkerProcessOptions, log: string, { taken, onRestart }: FirstStart): Promise<ChildProcess> {
  for (let start = 1; ; start += 1) {
    try {
      return await startChild(options, log, start === 1 ? taken : undefined);
    } catch (error) {
      if (start === MAX_STARTS || !(error instanceof RootstockError) || error.details['silent'] !== true) throw error;
      onRestart('the worker ended while starting; starting it again');
    }
  }
}

/** Starts one, or takes one that was prepared, and returns when it polls. STORE_IO when the machine starts none. */
async function startChild(serve: WorkerProcessOptions, log: string, taken?: TakenWorker): Promise<ChildProcess> {
  try {
    const child = taken?.child ?? forkWithLog(log);
    const answer = taken?.answer ?? firstAnswer(child);
    const order: ServeMessage = { serve, log: taken === undefined ? null : log, hold: null };
    // One that could not be started has no channel, and one that has just ended none any more: their answer says why.
    if (child.connected) child.send(taken?.answer === undefined ? order : POLL, () => undefined);
    const [message] = await answer;
    if (typeof message !== 'object' || message === null || !('ready' in message)) throw workerEndError(message, log);
    return child;
  } catch (error) {
    throw workerStartError(error, log);
  }
}

function forkWithLog(log: string): ChildProcess {
  const out = openSync(log, 'a');
  try {
    return forkWorker(out);
  } finally {
    closeSync(out);
  }
}

/** How a worker died; null when it ended as it was asked to. */
async function endOf(child: ChildProcess): Promise<string | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  if (child.exitCode === 0) return null;
  return child.signalCode === null ? `ended with exit code ${child.exitCode}` : `was ended by ${child.signalCode}`;
}
