import { fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { stateLayout } from '../contracts/state-directory.ts';
import { RootstockError } from '../errors.ts';
import type { GlobalOptions } from './global-options.ts';

/** A worker in a process of its own, as long as the command lives (or, detached, until its run ends or parks). */
export interface WorkerProcess {
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

/** Starts a worker process and waits until it polls. Its errors are the command's. */
export async function startWorkerProcess(options: WorkerProcessOptions): Promise<WorkerProcess> {
  const { workers } = stateLayout(options.stateDir);
  mkdirSync(workers, { recursive: true });
  const log = `${workers}/worker-${process.pid}.log`;
  const out = openSync(log, 'a');
  const source = import.meta.url.endsWith('.ts');
  const main = fileURLToPath(new URL(source ? '../worker/main.ts' : '../worker/main.js', import.meta.url));
  const child = fork(main, [JSON.stringify(options)], {
    detached: options.untilRun !== undefined,
    execArgv: source ? ['--import', import.meta.resolve('tsx')] : [],
    stdio: ['ignore', out, out, 'ipc'],
  });
  closeSync(out);
  const [message] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [unknown];
  if (typeof message !== 'object' || message === null || !('ready' in message)) throw workerError(message, log);
  if (options.untilRun !== undefined) {
    child.disconnect();
    child.unref();
  }
  return {
    pid: child.pid ?? -1,
    log,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      if (child.connected) child.send('shutdown', () => undefined);
      await gone;
    },
  };
}

function workerError(message: unknown, log: string): RootstockError {
  if (typeof message === 'object' && message !== null && 'code' in message && 'message' in message) {
    const { code, message: text } = message as { code: ConstructorParameters<typeof RootstockError>[0]; message: string };
    return new RootstockError(code, text);
  }
  return new RootstockError('INTERNAL', `The worker process ended while starting.\nFix: its log is ${log}.`, { log });
}
