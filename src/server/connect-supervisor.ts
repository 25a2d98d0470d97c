import { realpathSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { RootstockError } from '../errors.ts';
import { type AttachInput, type Attachment, attachToSupervisor } from './attach-to-supervisor.ts';
import type { EmbeddedServer, ServerChange } from './embedded-server.ts';

/** How to connect. */
export interface ConnectSupervisorInput {
  readonly stateDir: string;
  readonly env: NodeJS.ProcessEnv;
  /** Hears in words what is waited for. */
  readonly onProgress?: ((line: string) => void) | undefined;
  /** Called when a supervisor has been started, which takes its time. */
  readonly onStarted?: (() => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Connects to the embedded Temporal server of a state directory and starts supervisor and server when there are none; concurrent callers get the
 * same one. While the connection is held, a server or supervisor that dies is started again. The connection does not keep this process alive.
 *
 * @throws RootstockError SERVER_UNAVAILABLE with the server's last words when it will not start; SERVER_BINARY_UNAVAILABLE, PLATFORM_UNSUPPORTED,
 *   CANCELLED when `signal` aborts.
 */
export async function connectSupervisor(input: ConnectSupervisorInput): Promise<EmbeddedServer> {
  await mkdir(input.stateDir, { recursive: true });
  const attach: AttachInput = { ...input, stateDir: realpathSync(input.stateDir) };
  const listeners = new Set<(change: ServerChange) => void>();
  const closing = new AbortController();
  const tell = (change: ServerChange): void => {
    if (closing.signal.aborted) return;
    for (const listener of listeners) listener(change);
  };
  let attachment = await attachToSupervisor(attach, tell);

  const hold = async (): Promise<void> => {
    for (;;) {
      await attachment.ended;
      if (closing.signal.aborted) return;
      tell({ kind: 'waiting', text: "the Temporal server's supervisor ended; starting it again" });
      attachment = await attachToSupervisor({ ...attach, signal: closing.signal, unref: true }, tell);
      if (closing.signal.aborted) attachment.detach();
      else tell({ kind: 'ready', ...attachment.newest() });
    }
  };
  hold().catch((error: unknown) => tell({ kind: 'failed', error: toRootstockError(error) }));
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
    async close() {
      closing.abort();
      await closeAttachment(attachment);
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
