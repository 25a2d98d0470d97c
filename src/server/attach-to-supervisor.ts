import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stateLayout } from '../contracts/state-directory.ts';
import { RootstockError } from '../errors.ts';
import { findServerBinary } from './binary/find-server-binary.ts';
import type { EmbeddedAddress, ServerChange } from './embedded-server.ts';
import { type StartedSupervisor, startSupervisor } from './start-supervisor.ts';
import { connectTo } from './supervisor/open-socket.ts';
import { readOwner } from './supervisor/ownership.ts';
import { readMessages } from './supervisor/protocol.ts';

/** What attaching works with. */
export interface AttachInput {
  /** Absolute, without symbolic links, existing. */
  readonly stateDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly onProgress?: ((line: string) => void) | undefined;
  /** Called when a supervisor has been started, which takes its time. */
  readonly onStarted?: (() => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** True: waiting for a supervisor does not keep this process alive. */
  readonly unref?: boolean;
}

/** A held connection to a supervisor. */
export interface Attachment {
  /** Where the server is as far as the supervisor has said. */
  newest(): EmbeddedAddress;
  /** Resolves when the connection is closed by either side. */
  readonly ended: Promise<void>;
  detach(): void;
}

/** A supervisor that ends before its server served is started again this often. */
const MAX_STARTS = 5;
const POLL_MS = 20;

/** Finds the living supervisor or starts one, and waits until its server serves. `onChange` hears what happens afterwards. */
export async function attachToSupervisor(input: AttachInput, onChange: (change: ServerChange) => void): Promise<Attachment> {
  const directory = stateLayout(input.stateDir).server;
  let binary: string | null = null;
  let started: StartedSupervisor | null = null;
  let starts = 0;
  for (;;) {
    throwIfAborted(input.signal);
    const socket = await connectToOwner(directory);
    if (socket !== null) {
      const attachment = await waitForServer(socket, input, onChange);
      if (attachment !== null) return attachment;
    } else if (started === null || started.ended()) {
      if (started !== null) throwIfFailed(started, directory);
      if (starts === MAX_STARTS) throw unavailable(`its supervisor ended ${starts} times before the server served`, directory);
      binary ??= (await findServerBinary(input)).path;
      starts += 1;
      input.onProgress?.('starting the embedded Temporal server');
      started = await startSupervisor({ stateDir: input.stateDir, directory, binary, env: input.env });
      input.onStarted?.();
    }
    await delay(POLL_MS, undefined, { ref: input.unref !== true });
  }
}

async function connectToOwner(directory: string): Promise<Socket | null> {
  const owner = await readOwner(directory);
  return owner === null || owner.socket === '' ? null : connectTo(join(directory, owner.socket));
}

/** Null when the supervisor ended before its server served. */
function waitForServer(socket: Socket, input: AttachInput, onChange: (change: ServerChange) => void): Promise<Attachment | null> {
  return new Promise((resolve, reject) => {
    let newest: EmbeddedAddress | null = null;
    const ended = new Promise<void>((done) => socket.once('close', () => done()));
    const onAbort = (): void => {
      if (newest === null) socket.destroy();
    };
    input.signal?.addEventListener('abort', onAbort, { once: true });
    // A killed supervisor resets the connection; `close` follows and is what counts.
    socket.on('error', () => undefined);
    void ended.then(() => {
      input.signal?.removeEventListener('abort', onAbort);
      resolve(null);
    });
    readMessages(socket, (message) => {
      switch (message.type) {
        case 'starting':
          if (newest !== null) onChange({ kind: 'waiting', text: message.text });
          return;
        case 'ready': {
          const { address, uiUrl, serverPid, supervisorPid } = message;
          const ready: EmbeddedAddress = { address, uiUrl, pid: serverPid, supervisorPid };
          const isFirst = newest === null;
          newest = ready;
          if (!isFirst) {
            onChange({ kind: 'ready', ...ready });
            return;
          }
          socket.unref();
          resolve({ newest: () => newest ?? ready, ended, detach: () => socket.destroy() });
          return;
        }
        case 'failed':
          reject(unavailable(message.message, stateLayout(input.stateDir).server));
      }
    });
  });
}

function throwIfFailed(started: StartedSupervisor, directory: string): void {
  const failure = started.failure();
  if (failure !== null) throw unavailable(`its supervisor ${failure}`, directory);
}

function unavailable(why: string, directory: string): RootstockError {
  const text =
    `The embedded Temporal server of ${directory} cannot be used: ${why}\n` +
    `Fix: see server.log and supervisor.log there, or set TEMPORAL_ADDRESS to use another server.`;
  return new RootstockError('SERVER_UNAVAILABLE', text, { directory });
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new RootstockError('CANCELLED', 'Stopped while waiting for the embedded Temporal server.');
}
