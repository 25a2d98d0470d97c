import { realpathSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { RootstockError } from '../errors.ts';
import { makeDirectory } from '../files/make-directory.ts';
import { type AttachInput, type Attachment, attachToSupervisor } from './attach-to-supervisor.ts';
import type { EmbeddedServer, ServerChange } from './embedded-server.ts';

/** Wait before a supervisor that gave up is followed by another. */
const ATTACH_AGAIN_MS = 5_000;

/** How to connect. */
export interface ConnectSupervisorInput {
  readonly stateDir: string;
  readonly env: NodeJS.ProcessEnv;
  /** Hears in words what is waited for. */
  readonly onProgress?: ((line: string) => void) | undefined;
  /** Called when a supervisor has been started, which takes its time. */
  readonly onStarted?: (() => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * True: it may turn out that no server is needed. One that was started for it then goes at once, on `close` or when `signal` aborts, and with it what
   * was made for it, unless somebody else uses it; after `keep` it is as any other. No server binary is downloaded.
   */
  readonly provisional?: boolean | undefined;
}

/**
 * Connects to the embedded Temporal server of a state directory and starts supervisor and server when there are none; concurrent callers get the
 * same one. While the connection is held, a server or supervisor that dies is started again, also one that gave up. The connection does not keep
 * this process alive.
 *
 * @throws RootstockError SERVER_UNAVAILABLE with the server's last words when it will not start; SERVER_BINARY_UNAVAILABLE, PLATFORM_UNSUPPORTED,
 *   CANCELLED when `signal` aborts.
 */
export async function connectSupervisor(input: ConnectSupervisorInput): Promise<EmbeddedServer> {
  const madeState = await makeDirectory(input.stateDir);
  let provisional = input.provisional === true;
  const attach: AttachInput = { ...input, stateDir: realpathSync(input.stateDir), provisional, madeState };
  const listeners = new Set<(change: ServerChange) => void>();
  const closing = new AbortController();
  const tell = (change: ServerChange): void => {
    if (closing.signal.aborted) return;
    for (const listener of listeners) listener(change);
  };
  let attachment = await attachToSupervisor(attach, tell).catch(async (error: unknown) => {
    // Not empty: somebody else's by now.
    if (provisional && madeState) await rmdir(attach.stateDir).catch(() => undefined);
    throw error;
  });

  /** A server that does not start now (a full disk) may do so later, and whoever holds this connection has nothing better to do than to wait. */
  const attachAgain = async (): Promise<Attachment | null> => {
    while (!closing.signal.aborted) {
      try {
        return await attachToSupervisor({ ...attach, provisional, signal: closing.signal, unref: true }, tell);
      } catch (error) {
        tell({ kind: 'failed', error: toRootstockError(error) });
        await delay(ATTACH_AGAIN_MS, undefined, { signal: closing.signal, ref: false }).catch(() => undefined);
      }
    }
    return null;
  };
  const hold = async (): Promise<void> => {
    for (;;) {
      await attachment.ended;
      if (closing.signal.aborted) return;
      tell({ kind: 'waiting', text: "the Temporal server's supervisor ended; starting it again" });
      const next = await attachAgain();
      if (next === null) return;
      attachment = next;
      if (!provisional) next.keep(); // it may have been told so meanwhile
      if (closing.signal.aborted) attachment.detach();
      else tell({ kind: 'ready', ...attachment.newest() });
    }
  };
  void hold();
  return {
    get address() {
      return attachment.newest().address;
    },
    get uiUrl() {
      return attachment.newest().uiUrl;
    },
    get pid() {
      return attachment.newest().pid;
    },
    get supervisorPid() {
      return attachment.newest().supervisorPid;
    },
    namespace: 'default',
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    keep() {
      provisional = false;
      attachment.keep();
    },
    async close() {
      closing.abort();
      if (provisional) await attachment.leave();
      else await closeAttachment(attachment);
    },
  };
}

async function closeAttachment(attachment: Attachment): Promise<void> {
  attachment.detach();
  await attachment.ended;
}

function toRootstockError(error: unknown): RootstockError {
  return error instanceof RootstockError ? error : new RootstockError('INTERNAL', String(error), {}, { cause: error });
}
