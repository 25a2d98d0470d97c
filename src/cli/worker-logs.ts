import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Logs of workers that are kept, newest first. */
export const KEPT_WORKER_LOGS = 50;

/**
 * Removes the logs of workers in a directory but for the `keep` that were written to last. A file that goes or cannot be removed meanwhile is
 * left to the next command: a log is never a reason to fail.
 */
export function pruneWorkerLogs(directory: string, keep: number = KEPT_WORKER_LOGS): void {
  const logs = readdirSync(directory)
    .filter((name) => /^worker-\d+\.log$/u.test(name))
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
