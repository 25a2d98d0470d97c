import { hostname } from 'node:os';
import type { RootstockClient } from './connect.ts';
import { isServiceError } from './service-error.ts';

/** A poll is answered after a minute at the latest, and asked again: whoever has not asked for longer is gone. */
const POLL_MS = 70_000;

/**
 * Identities of the workers that serve a store's queues, as the server has them: one that was killed on another machine is named for a minute more.
 * Undefined: the server does not say.
 */
export async function pollingWorkers({
  client,
  server,
  queues,
}: Pick<RootstockClient, 'client' | 'server' | 'queues'>): Promise<readonly string[] | undefined> {
  // Pollers of workflow tasks, where no type is named: every worker polls for them, also one whose training slots are taken.
  const asked = client.workflowService.describeTaskQueue({
    namespace: server.namespace,
    taskQueue: { name: queues.io },
  });
  const answer = await asked.catch((error: unknown) => {
    if (isServiceError(error)) return undefined; // not everybody may ask for it
    throw error;
  });
  return answer === undefined ? undefined : livingWorkers(answer.pollers ?? []);
}

/** A poller, as `describeTaskQueue` answers. */
export interface Poller {
  readonly identity?: string | null;
  readonly lastAccessTime?: { readonly seconds?: { toString(): string } | null } | null;
}

/** Those of the pollers that are alive, once each. */
export function livingWorkers(pollers: readonly Poller[]): readonly string[] {
  const now = Date.now();
  const alive = pollers.filter(({ identity, lastAccessTime }) => {
    const at = lastAccessTime?.seconds == null ? 0 : Number(lastAccessTime.seconds) * 1000;
    return now - at < POLL_MS && identity != null && !isGoneHere(identity);
  });
  return [...new Set(alive.map(({ identity }) => identity ?? ''))];
}

/** Whether an identity names a process of this machine that is no more. */
function isGoneHere(identity: string): boolean {
  const [, host, pid] = /^rootstock (.+) pid (\d+)$/u.exec(identity) ?? [];
  if (host !== hostname() || pid === undefined) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
