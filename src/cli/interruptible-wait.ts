import { RootstockError } from '../errors.ts';
import type { CommandLine } from './command-line.ts';
import { EXIT } from './exit-codes.ts';
import type { Output } from './output.ts';

/** A wait for a run to close that a person may leave. */
export interface InterruptibleWait {
  readonly output: Output;
  readonly workflowId: string;
  readonly commandLine: CommandLine;
  /** What else there is to know when it was left; empty: nothing. */
  readonly more: string;
}

/** Runs a wait that the first Ctrl-C or SIGTERM leaves; the second one ends the process. Gives what it found, or the exit code of one that was left. */
export async function interruptibly<T>(
  { output, workflowId, commandLine, more }: InterruptibleWait,
  wait: (signal: AbortSignal) => Promise<T>,
): Promise<{ readonly found: T } | { readonly left: number }> {
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort();
  process.once('SIGINT', onInterrupt);
  process.once('SIGTERM', onInterrupt);
  try {
    return { found: await wait(interrupt.signal) };
  } catch (error) {
    if (!interrupt.signal.aborted || !(error instanceof RootstockError) || error.code !== 'CANCELLED') throw error;
    const cancel = commandLine('cancel', workflowId);
    output.object({ event: 'interrupted', workflow_id: workflowId, cancel });
    output.line(
      `Interrupted. The run "${workflowId}" was told to end and does so when it has a worker.${more} Wait for it with:\n  ${cancel}`,
    );
    return { left: EXIT.interrupted };
  } finally {
    process.off('SIGINT', onInterrupt);
    process.off('SIGTERM', onInterrupt);
  }
}

/** Tells people and programs what a wait is about. */
export function tellWaiting(output: Output, workflowId: string): (reason: string) => void {
  return (reason) => {
    output.object({ event: 'waiting', workflow_id: workflowId, reason });
    output.note(`${reason.slice(0, 1).toUpperCase()}${reason.slice(1)}`);
  };
}
