import { closeSync, fstatSync, fsync, openSync, readSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import type { SampleLogLine } from '../artifacts/sample-log.ts';
import { RootstockError } from '../errors.ts';

/** The raw log of one attempt: which rows every optimizer step saw, and every committed snapshot, one JSON line each. */
export interface SampleLog {
  /** Hands a line to the operating system: it survives the death of this process. STORE_IO. */
  append(line: SampleLogLine): void;
  /** Waits until all lines survive a power cut; returns how many there are. STORE_IO. */
  flush(): Promise<number>;
  close(): void;
}

/** Opens a raw sample log for appending; lines that are there already count. */
export function openSampleLog(path: string): SampleLog {
  const file = attempt(path, () => openSync(path, 'a+'));
  let lines = attempt(path, () => countLines(file));
  return {
    append(line) {
      attempt(path, () => writeSync(file, `${JSON.stringify(line)}\n`));
      lines += 1;
    },
    async flush() {
      const counted = lines;
      await promisify(fsync)(file).catch((cause: unknown) => {
        throw ioError(path, cause);
      });
      return counted;
    },
    close: () => closeSync(file),
  };
}

function countLines(file: number): number {
  const buffer = Buffer.alloc(64 * 1024);
  const { size } = fstatSync(file);
  let lines = 0;
  for (let at = 0; at < size; ) {
    const read = readSync(file, buffer, 0, buffer.length, at);
    if (read === 0) break;
    for (const byte of buffer.subarray(0, read)) if (byte === 10) lines += 1;
    at += read;
  }
  return lines;
}

function attempt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw ioError(path, cause);
  }
}

function ioError(path: string, cause: unknown): RootstockError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new RootstockError('STORE_IO', `The sample log "${path}" cannot be written: ${reason}`, { path }, { cause });
}
