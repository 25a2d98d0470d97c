import { randomUUID } from 'node:crypto';
import { openFsStore, readStoreId } from '../artifacts/fs-store.ts';
import { stateLayout } from '../contracts/state-directory.ts';
import { RootstockError } from '../errors.ts';
import { type ConnectOptions, connectRootstock, type RootstockClient, reachServer, toClient } from './connect.ts';

/** A connection that is being made while it is not yet known whether it is needed. */
export interface ConnectingAhead {
  /** Resolves when there is nothing to do but to wait for a server: it has been started, is there, or cannot be reached. Never rejects. */
  readonly underWay: Promise<void>;
  /** It is needed. Errors: as of `connectRootstock`, and none before. */
  finish(): Promise<RootstockClient>;
  /** It is not. Resolves when what was made for it is gone, a server that nobody else uses with it. Never rejects. */
  leave(): Promise<void>;
}

/** How to connect ahead. */
export interface ConnectAheadOptions extends ConnectOptions {
  /** Called when the server is there, before it is talked to, with the id of the store that is there or is made by `finish`. */
  readonly onServer: (storeId: string) => void;
}

/**
 * Begins to connect, and to start an embedded server, before it is known that there is anything to do. Until `finish` nothing is said to anybody,
 * nothing is downloaded, and no store is made.
 */
export function connectAhead({ stateDir, onProgress, onServer }: ConnectAheadOptions): ConnectingAhead {
  const { store: directory } = stateLayout(stateDir);
  const leaving = new AbortController();
  const notes: string[] = [];
  let note = (text: string): void => void notes.push(text);
  const proposed = randomUUID();
  let onStarted: () => void = () => undefined;
  const started = new Promise<void>((resolve) => {
    onStarted = resolve;
  });
  const reaching = (async () => {
    const storeId = (await readStoreId(directory)) ?? proposed;
    return reachServer({
      stateDir,
      provisional: true,
      signal: leaving.signal,
      onProgress: (text) => note(text),
      onStarted,
      onServer() {
        onStarted();
        onServer(storeId);
      },
    });
  })();
  const settled = reaching.then(
    () => undefined,
    () => undefined, // `finish` says what is wrong
  );
  const leave = async () => {
    leaving.abort();
    const reached = await reaching.catch(() => undefined);
    await reached?.connection.close().catch(() => undefined);
    await reached?.server.close().catch(() => undefined);
  };
  const connect = async () => {
    const store = await openFsStore(directory, { id: proposed });
    const reached = await reaching.catch((error: unknown) => {
      // It took its time to find that out; anything else is tried again without reserve, a download with it.
      if (error instanceof RootstockError && error.code === 'SERVER_UNAVAILABLE') throw error;
      return undefined;
    });
    if (reached === undefined) return connectRootstock({ stateDir, ...(onProgress === undefined ? {} : { onProgress }) });
    reached.server.keep();
    return toClient(reached, { store, stateDir });
  };
  return {
    underWay: Promise.race([started, settled]),
    async finish() {
      for (const text of notes) onProgress?.(text);
      note = (text) => onProgress?.(text);
      try {
        return await connect();
      } catch (error) {
        await leave();
        throw error;
      }
    },
    leave,
  };
}
