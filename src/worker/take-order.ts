import { closeSync, openSync } from 'node:fs';
import { cannotWrite } from '../contracts/cannot-write.ts';
import { RootstockError } from '../errors.ts';
import type { Mailbox } from './mailbox.ts';
import type { ServeMessage } from './serve.ts';

/**
 * Waits for what this process is to serve; ends the process when its parent goes without a word. Sends its output to the log it is given.
 * Errors: FILE_UNREADABLE for a log that cannot be opened.
 */
export async function takeOrder(mailbox: Mailbox): Promise<ServeMessage> {
  const leave = () => process.exit(0);
  process.once('disconnect', leave);
  if (!process.connected) leave();
  const message = (await mailbox.first()) as ServeMessage;
  process.off('disconnect', leave);
  if (message.log !== null) openLog(message.log);
  return message;
}

const STANDARD_OUTPUT = 1;
const STANDARD_ERROR = 2;

/** Turns standard output and error, native code's included, into a file: POSIX open() takes the lowest descriptor that is free. */
function openLog(path: string): void {
  for (const descriptor of [STANDARD_OUTPUT, STANDARD_ERROR]) {
    closeSync(descriptor);
    const opened = openToAppend(path);
    if (opened !== descriptor)
      throw new RootstockError('INTERNAL', `The log ${path} got descriptor ${opened}, expected ${descriptor}.`, { path });
  }
}

function openToAppend(path: string): number {
  try {
    return openSync(path, 'a');
  } catch (error) {
    throw cannotWrite(path, error);
  }
}
