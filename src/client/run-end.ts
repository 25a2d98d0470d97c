import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { isServiceError } from './service-error.ts';

/** Which run to follow. */
export interface FollowTarget {
  readonly workflowId: string;
  readonly runId?: string;
}

/** Knows when a run ends, so that nobody waits for the next time it is asked about. */
export interface RunEnd {
  /** Resolves after `ms`, or at once when the run ends meanwhile; says nothing of how it ended. Never rejects. `watcher` must not repeat a call by itself. */
  wait(watcher: Client, ms: number): Promise<void>;
  /** Lets go of the server and ends a wait. */
  stop(): void;
}

/** Watches for the end of a run by one call that the server answers when it comes. A call that fails, or a new client, leads to another one. */
export function watchForEnd(target: FollowTarget): RunEnd {
  const stopping = new AbortController();
  let asked: Client | undefined;
  let woken = new AbortController();
  const ask = (client: Client): void => {
    asked = client;
    askForEnd(client, target, stopping.signal).then(
      (problem) => {
        if (problem === null) woken.abort();
        else if (asked === client) asked = undefined;
      },
      () => undefined,
    );
  };
  return {
    async wait(client, ms) {
      if (asked !== client) ask(client);
      await sleep(ms, undefined, { signal: woken.signal }).catch(() => undefined);
      // Once only: a run that went on as another one is asked about at its own pace again.
      if (woken.signal.aborted) woken = new AbortController();
    },
    stop() {
      stopping.abort();
      woken.abort();
    },
  };
}

/** Null once the run has ended, well or not; else why the server could not be asked to the end. `watcher` must not repeat a call by itself. */
export async function askForEnd(watcher: Client, { workflowId, runId }: FollowTarget, signal: AbortSignal): Promise<Error | null> {
  try {
    await watcher.withAbortSignal(signal, () => watcher.workflow.getHandle(workflowId, runId).result());
    return null;
  } catch (error) {
    return isServiceError(error) ? error : null;
  }
}
