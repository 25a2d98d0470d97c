import { setTimeout as sleep } from 'node:timers/promises';
import { TransportError } from '@temporalio/worker';
import { POLL } from './ahead.ts';
import { createHeldWorker, type RootstockWorker } from './create-worker.ts';
import type { Mailbox } from './mailbox.ts';

/** What a worker process is told by the command that started it. */
export interface ServeOptions {
  readonly stateDir: string;
  readonly register: readonly string[];
  readonly answersOnly?: boolean;
  /** Detached: ends when this run has ended or waits for a person. */
  readonly untilRun?: string;
}

/** What a worker is told that is created before it is known whether there is anything to do. */
export interface HoldMessage {
  /** Id of the store that is there when it is told to poll; it may not be there yet. */
  readonly storeId: string;
}

/** What a worker process waits for, and does. */
export interface ServeMessage {
  readonly serve: ServeOptions;
  /** Absolute path of the log that the process is to open for its output; null: it was started with one. */
  readonly log: string | null;
  /** Not null: it does everything but poll until it is told POLL, or to end. */
  readonly hold: HoldMessage | null;
}

const RECONNECT_MS = 1_000;
const OVER_POLL_MS = 2_000;

/** A server that is away for longer than this many reconnects in a row (about half a minute each with its timeouts) will not come back by itself. */
const MAX_FAILURES = 30;

/**
 * Polls until told to stop: by the parent's message, SIGTERM, the loss of the parent (unless detached), or the end of the run.
 * A server that comes back on another address is connected to again.
 */
export async function serve(
  options: ServeOptions,
  { hold, mailbox }: { readonly hold: HoldMessage | null; readonly mailbox: Mailbox },
): Promise<void> {
  let stopping = false;
  let worker: RootstockWorker | undefined;
  let release: (polls: boolean) => void = () => undefined;
  const released = new Promise<boolean>((resolve) => {
    release = resolve;
  });
  let held = hold;
  const poll = () => {
    held = null;
    release(true);
  };
  if (held === null) poll();
  const stop = () => {
    stopping = true;
    release(false);
    worker?.shutdown();
  };
  process.on('SIGTERM', stop);
  mailbox.listen((message) => (message === POLL ? poll() : stop()));
  if (options.untilRun === undefined) {
    process.on('disconnect', stop);
    if (!process.connected) stop(); // it went after the order had come
  } else void stopWhenOver(options.stateDir, options.untilRun, stop);

  let failures = 0;
  while (!stopping) {
    try {
      const current = await createHeldWorker(options, held === null ? null : { ...held, released });
      worker = current;
      current.onAddressChange(() => current.shutdown());
      await released;
      if (stopping) current.shutdown(); // told so while it was being created or held
      if (process.connected) process.send?.({ ready: true }, () => undefined); // a command that is gone is heard of by the disconnection
      failures = 0;
      await current.run();
    } catch (error) {
      failures += 1;
      // One that cannot be created will not be later either, unless its server went away just then.
      if ((worker === undefined && !(error instanceof TransportError)) || failures > MAX_FAILURES) throw error;
      process.stderr.write(`${String(error)}\n`);
      await sleep(RECONNECT_MS);
    }
  }
}

async function stopWhenOver(stateDir: string, workflowId: string, stop: () => void): Promise<void> {
  for (;;) {
    await sleep(OVER_POLL_MS);
    try {
      const { watchRun } = await import('./watch-run.ts');
      const watch = await watchRun(stateDir, workflowId);
      try {
        while (!(await watch.isOver())) await sleep(OVER_POLL_MS);
        stop();
        return;
      } finally {
        await watch.close();
      }
    } catch (error) {
      process.stderr.write(`cannot see the run: ${String(error)}\n`); // the server is away; it is asked again
    }
  }
}
