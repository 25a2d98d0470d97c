import { randomBytes } from 'node:crypto';
import { chmod, rm } from 'node:fs/promises';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { stateLayout } from '../../contracts/state-directory.ts';
import { makeDirectory } from '../../files/make-directory.ts';
import { type Clients, createClients } from './clients.ts';
import { keepServer, type ServerKeeper } from './keep-server.ts';
import { connectTo, listenOn } from './open-socket.ts';
import { claimOwnership, isOwner, type Owner, readOwner } from './ownership.ts';
import type { SupervisorMessage, SupervisorOptions } from './protocol.ts';
import { removeUnused } from './remove-unused.ts';

/** A supervisor that nobody has connected to yet waits at least this long for the client that started it. */
const FIRST_CLIENT_MS = 5_000;
/** How often it looks whether the state directory is still there and its own. */
const OWNER_CHECK_MS = 1_000;

/** A running supervisor. */
export interface Supervision {
  /** Resolves when server and socket are gone; rejects when the server would not start. */
  readonly done: Promise<void>;
  /** Stops the server, tells the clients by closing their connections, and ends. */
  stop(reason: string): void;
}

/** Becomes the supervisor of a state directory; null when a living one is there or another contender was faster. */
export async function supervise(options: SupervisorOptions, note: (line: string) => void): Promise<Supervision | null> {
  const directory = stateLayout(options.stateDir).server;
  await makeDirectory(directory, { mode: 0o700 });
  await chmod(directory, 0o700);
  const previous = await readOwner(directory);
  if (previous !== null && (await answers(join(directory, previous.socket), previous.socket))) return null;

  const clients = createClients({ type: 'starting', text: 'starting the Temporal server' }, options.made);
  const socketName = `supervisor-${randomBytes(6).toString('hex')}.sock`;
  const socketPath = join(directory, socketName);
  const listener = await listenOn(socketPath, (socket) => clients.add(socket));
  const owner = await claimOwnership(directory, previous?.number ?? 0, socketName);
  if (owner === null) {
    clients.closeAll();
    await closeListener(listener, socketPath);
    return null;
  }
  note(`owner ${owner.number} of ${directory}, binary ${options.binary}`);
  const onState = (state: SupervisorMessage): void => {
    note(JSON.stringify(state));
    clients.tell(state);
  };
  const keeper = keepServer({ stateDir: options.stateDir, directory, binary: options.binary, env: process.env, onState });
  return watch({ options, directory, owner, clients, listener, socketPath, keeper, note });
}

interface Watched {
  readonly options: SupervisorOptions;
  readonly directory: string;
  readonly owner: Owner;
  readonly clients: Clients;
  readonly listener: Server;
  readonly socketPath: string;
  readonly keeper: ServerKeeper;
  readonly note: (line: string) => void;
}

function watch({ options, directory, owner, clients, listener, socketPath, keeper, note }: Watched): Supervision {
  const stopRequest = new AbortController();
  stopRequest.signal.addEventListener('abort', () => note(`stopping: ${String(stopRequest.signal.reason)}`));
  const stop = (reason: string): void => stopRequest.abort(reason);
  let idle = setTimeout(() => stop('nobody came'), Math.max(options.lingerMs, FIRST_CLIENT_MS));
  clients.onChange(({ count, kept }) => {
    clearTimeout(idle);
    if (stopRequest.signal.aborted) return true;
    if (count > 0) return false;
    if (!kept) stop('no client needs it');
    else idle = setTimeout(() => stop('no clients'), options.lingerMs);
    return !kept;
  });
  const check = setInterval(() => {
    isOwner(directory, owner).then(
      (own) => (own ? undefined : stop('the state directory is gone or has another owner')),
      (error: unknown) => stop(`the state directory cannot be read: ${String(error)}`),
    );
  }, OWNER_CHECK_MS);

  const done = (async () => {
    try {
      await Promise.race([keeper.done, aborted(stopRequest.signal)]);
      // The socket answers until the server is gone, so nobody takes over before that; who connects now is told to wait and then let go.
      clients.tell({ type: 'starting', text: 'the Temporal server is stopping' });
      const { count, kept, made } = clients.now();
      const unused = made.server && count === 0 && !kept;
      await keeper.stop(unused);
      if (unused && (await isOwner(directory, owner))) await removeUnused(directory, { stateDir: options.stateDir, made });
      await closeListener(listener, socketPath);
    } catch (error) {
      clients.tell({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
      await closeListener(listener, socketPath);
      throw error;
    } finally {
      clearTimeout(idle);
      clearInterval(check);
      clients.closeAll();
    }
  })();
  return { done, stop };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

async function answers(path: string, name: string): Promise<boolean> {
  const socket = name === '' ? null : await connectTo(path);
  socket?.destroy();
  return socket !== null;
}

async function closeListener(listener: Server, path: string): Promise<void> {
  // Only stops listening: connected clients stay until the server is gone.
  listener.close();
  await rm(path, { force: true });
}
