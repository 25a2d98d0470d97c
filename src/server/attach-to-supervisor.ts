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
import { type Made, readMessages, sendMessage } from './supervisor/protocol.ts';

/** What attaching works with. */
export interface AttachInput {
  /** Absolute, without symbolic links, existing. */
  readonly stateDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly onProgress?: ((line: string) => void) | undefined;
  /** Called when a supervisor has been started, which takes its time. */
  readonly onStarted?: (() => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * True: it may turn out that no server is needed. Only a binary that is there is used, and one that was started for nothing (aborted, or `leave`) goes
   * at once, with what it made.
   */
  readonly provisional?: boolean;
  /** Whether the state directory was made for this. */
  readonly madeState?: boolean;
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
  /** Of a provisional one: the server is needed. */
  keep(): void;
  /** Of a provisional one: it is not. Resolves once a server that was started for it is gone. */
  leave(): Promise<void>;
}

/** A supervisor that ends before its server served is started again this often. */
const MAX_STARTS = 5;
const POLL_MS = 20;
/** A server that nobody needed is killed; a machine that takes longer has other worries. */
const LEAVE_MS = 5_000;

/** Finds the living supervisor or starts one, and waits until its server serves. `onChange` hears what happens afterwards. */
export async function attachToSupervisor(input: AttachInput, onChange: (change: ServerChange) => void): Promise<Attachment> {
  const directory = stateLayout(input.stateDir).server;
  let binary: string | null = null;
  let started: StartedSupervisor | null = null;
  let starts = 0;
  const madeState = input.madeState === true;
  let madeServer = false;
  for (;;) {
    const starting = started !== null && !started.ended();
    // One that was started for nothing is told so.
    if (!(starting && input.provisional === true)) throwIfAborted(input.signal);
    const socket = await connectToOwner(directory);
    if (socket !== null) {
      const attachment = await waitForServer(
        socket,
        { ...input, ours: starting, made: { state: madeState, server: madeServer } },
        onChange,
      );
      if (attachment !== null) return attachment;
      throwIfAborted(input.signal);
    } else if (!starting) {
      if (started !== null) throwIfFailed(started, directory);
      if (starts === MAX_STARTS) throw unavailable(`its supervisor ended ${starts} times before the server served`, directory);
      binary ??= (await findServerBinary({ ...input, localOnly: input.provisional })).path;
      throwIfAborted(input.signal);
      starts += 1;
      input.onProgress?.('starting the embedded Temporal server');
      started = await startSupervisor({ stateDir: input.stateDir, directory, binary, madeState, env: input.env });
      madeServer ||= started.madeServer;
      input.onStarted?.();
    }
    await delay(POLL_MS, undefined, { ref: input.unref !== true });
  }
}

async function connectToOwner(directory: string): Promise<Socket | null> {
  const owner = await readOwner(directory);
  return owner === null || owner.socket === '' ? null : connectTo(join(directory, owner.socket));
}

/** `ours`: whether the supervisor was started by this process. */
interface WaitInput extends AttachInput {
  readonly ours: boolean;
  readonly made: Made;
}

/** Null when the supervisor ended before its server served, or was left. */
function waitForServer(socket: Socket, input: WaitInput, onChange: (change: ServerChange) => void): Promise<Attachment | null> {
  return new Promise((resolve, reject) => {
    let newest: EmbeddedAddress | null = null;
    const ended = new Promise<void>((done) => socket.once('close', () => done()));
    const leave = async (): Promise<void> => {
      // Whoever started it waits for its end, which takes a moment.
      if (input.ours) sendMessage(socket, { type: 'leave' });
      else socket.destroy();
      socket.ref();
      const timer = setTimeout(() => socket.destroy(), LEAVE_MS);
      await ended;
      clearTimeout(timer);
    };
    const onAbort = (): void => {
      if (newest !== null) return;
      if (input.provisional === true) void leave();
      else socket.destroy();
    };
    sendMessage(socket, input.provisional === true ? { type: 'provisional', made: input.made } : { type: 'keep' });
    input.signal?.addEventListener('abort', onAbort, { once: true });
    if (input.signal?.aborted === true) onAbort();
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
          resolve({
            newest: () => newest ?? ready,
            ended,
            detach: () => socket.destroy(),
            keep: () => sendMessage(socket, { type: 'keep' }),
            leave,
          });
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
