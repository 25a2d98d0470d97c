import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stateLayout } from '../contracts/state-directory.ts';
import { RootstockError } from '../errors.ts';
import type { GlobalOptions } from './global-options.ts';
import { pruneWorkerLogs } from './worker-logs.ts';

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
}

/** Waits between the death of a worker and its replacement: doubled each time, back to the first after a good minute. */
const BACKOFF_MS = { first: 200, most: 30_000, goodRun: 60_000 } as const;

/**
 * Starts a worker process and waits until it polls. Its errors are the command's. A worker that dies is replaced for as long as the command
 * lives, and `onRestart` hears why in words; a detached one is on its own.
 */
export async function startWorkerProcess(
  options: WorkerProcessOptions,
  onRestart: (reason: string) => void = () => undefined,
): Promise<WorkerProcess> {
  const { workers } = stateLayout(options.stateDir);
  mkdirSync(workers, { recursive: true });
  pruneWorkerLogs(workers);
  const log = `${workers}/worker-${process.pid}.log`;
  let child = await startChild(options, log);
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

/** Starts one and waits until it polls. */
async function startChild(options: WorkerProcessOptions, log: string): Promise<ChildProcess> {
  const out = openSync(log, 'a');
  const source = import.meta.url.endsWith('.ts');
  const main = fileURLToPath(new URL(source ? '../worker/main.ts' : '../worker/main.js', import.meta.url));
  const child = fork(main, [JSON.stringify(options)], {
    // A session of its own: a terminal's Ctrl-C is for the command, which tells the worker what it means. It ends with the command all the same.
    detached: true,
    execArgv: source ? ['--import', import.meta.resolve('tsx')] : [],
    stdio: ['ignore', out, out, 'ipc'],
  });
  closeSync(out);
  const [message] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [unknown];
  if (typeof message !== 'object' || message === null || !('ready' in message)) throw workerError(message, log);
  return child;
}

/** How a worker died; null when it ended as it was asked to. */
async function endOf(child: ChildProcess): Promise<string | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  if (child.exitCode === 0) return null;
  return child.signalCode === null ? `ended with exit code ${child.exitCode}` : `was ended by ${child.signalCode}`;
}

function workerError(message: unknown, log: string): RootstockError {
  if (typeof message === 'object' && message !== null && 'code' in message && 'message' in message) {
    const { code, message: text } = message as { code: ConstructorParameters<typeof RootstockError>[0]; message: string };
    return new RootstockError(code, text);
  }
  return new RootstockError('INTERNAL', `The worker process ended while starting.\nFix: its log is ${log}.`, { log });
}
