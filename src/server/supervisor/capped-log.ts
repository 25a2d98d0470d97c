import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';

/** A log file of bounded size. */
export interface CappedLog {
  write(text: string | Buffer): void;
  close(): void;
}

/**
 * Opens a log for appending; when it is full it becomes PATH.1 (replacing that) and a new one begins, so the two hold at most twice the cap. What cannot be
 * written (a full disk) is lost: a log is no reason to end whoever keeps it.
 */
export function openCappedLog(path: string, maxBytes: number): CappedLog {
  let file: number | null = openSync(path, 'a', 0o600);
  let size = fstatSync(file).size;
  const turn = (): void => {
    const full = file;
    file = null;
    if (full !== null) {
      closeSync(full);
      renameSync(path, `${path}.1`);
    }
    file = openSync(path, 'a', 0o600);
    size = 0;
  };
  return {
    write(text) {
      try {
        if (file === null || size > maxBytes) turn();
        if (file !== null) size += typeof text === 'string' ? writeSync(file, text) : writeSync(file, text);
      } catch {
        // The next line may find room again.
      }
    },
    close() {
      if (file !== null) closeSync(file);
    },
  };
}
