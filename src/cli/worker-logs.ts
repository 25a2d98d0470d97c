import { readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Logs of workers that have ended that are kept, newest first. */
export const KEPT_WORKER_LOGS = 50;

/** Path of the log of the worker that ends with this process: a command, or the worker itself when it is detached. */
export function workerLog(directory: string, pid: number): string {
  return join(directory, `worker-${pid}.log`);
}

/** Names a log that is being written after its worker, which is to outlive the command. Returns its path now. */
export function giveLogTo(log: string, pid: number): string {
  return moveLog(log, workerLog(dirname(log), pid));
}

/** Moves a log that is being written. Returns its path now. */
export function moveLog(log: string, to: string): string {
  try {
    renameSync(log, to); // what has it open goes on writing into it
    return to;
  } catch {
    return log; // a log is never a reason to fail
  }
}

/**
 * Removes the logs of workers that have ended in a directory but for the `keep` that were written to last. Workers write little, so that the log
 * of one that lives may be the oldest. A file that goes or cannot be removed meanwhile is left to the next command: a log is never a reason to
 * fail.
 */
export function pruneWorkerLogs(directory: string, keep: number = KEPT_WORKER_LOGS): void {
  const logs = readdirSync(directory)
    .filter((name) => {
      const pid = /^worker-(\d+)\.log$/u.exec(name)?.[1];
      return pid !== undefined && !isRunning(Number(pid));
    })
    .map((name) => ({ path: join(directory, name), writtenMs: statSync(join(directory, name), { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((a, b) => b.writtenMs - a.writtenMs);
  for (const { path } of logs.slice(keep)) {
    try {
      rmSync(path, { force: true });
    } catch {
      // Another user's file, or a read-only directory.
    }
  }
}

/** Whether there is a process with this pid. A later one with the same pid keeps a log for longer, which does no harm. */
function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
