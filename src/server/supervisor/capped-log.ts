import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';

/** A log file of bounded size. */
export interface CappedLog {
  write(text: string | Buffer): void;
  close(): void;
}

/** Opens a log for appending; when it is full it becomes PATH.1 (replacing that) and a new one begins, so the two hold at most twice the cap. */
export function openCappedLog(path: string, maxBytes: number): CappedLog {
  let file = openSync(path, 'a', 0o600);
  let size = fstatSync(file).size;
  return {
    write(text) {
      if (size > maxBytes) {
        closeSync(file);
        renameSync(path, `${path}.1`);
        file = openSync(path, 'a', 0o600);
        size = 0;
      }
      size += typeof text === 'string' ? writeSync(file, text) : writeSync(file, text);
    },
    close() {
      closeSync(file);
    },
  };
}
