import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { cannotWrite } from '../contracts/cannot-write.ts';

const STANDARD_OUTPUT = 1;
const STANDARD_ERROR = 2;

/** Another thread that opens a file in the moment between close and open gets the descriptor; it gives it back when it has read its file. */
const AGAIN_MS = 5;
const GIVE_UP_MS = 5_000;

/**
 * Turns standard output and error, native code's included, into a file: POSIX open() takes the lowest descriptor that is free, and Node has no
 * dup2(). To be called when this process has loaded its code, for loading opens files in other threads. Errors: OUTPUT_UNWRITABLE for a log that
 * cannot be opened.
 */
export async function openLog(path: string): Promise<void> {
  for (const descriptor of [STANDARD_OUTPUT, STANDARD_ERROR]) {
    closeSync(descriptor);
    await openAs(descriptor, path);
  }
}

async function openAs(descriptor: number, path: string): Promise<void> {
  const giveUp = Date.now() + GIVE_UP_MS;
  for (;;) {
    const opened = openToAppend(path);
    if (opened === descriptor) return;
    closeSync(opened);
    // A file that is not ours must not get our output: this process ends without a word, and its command starts another.
    if (Date.now() > giveUp) process.exit(1);
    await sleep(AGAIN_MS);
  }
}

function openToAppend(path: string): number {
  try {
    return openSync(path, 'a');
  } catch (error) {
    throw cannotWrite(path, error);
  }
}
