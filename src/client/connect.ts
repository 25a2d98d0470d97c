import type { Client, Connection, ConnectionOptions } from '@temporalio/client';
import { openFsStore } from '../artifacts/fs-store.ts';
import type { ArtifactStore } from '../artifacts/store.ts';
import { stateLayout } from '../contracts/state-directory.ts';
import { type TaskQueues, taskQueues } from '../contracts/workflow.ts';
import { resolveServer, type ServerConnection } from '../server/resolve-server.ts';
import { ensureSearchAttributes, searchAttributeCommands } from '../server/search-attributes.ts';
import { openConnection } from './open-connection.ts';

/** A connection to the Temporal server and the store of a state directory. */
export interface RootstockClient {
  /** Always the newest: an embedded server may come back on another port. Read it anew for each call. */
  readonly client: Client;
  /** One whose calls are not repeated when they fail: for a call that stays open. A repetition cannot be called off, and throws where nobody can catch it. */
  readonly watcher: Client;
  readonly server: ServerConnection;
  readonly store: ArtifactStore;
  readonly stateDir: string;
  readonly queues: TaskQueues;
  /** Whether the server knows our search attributes. */
  readonly searchAttributes: boolean;
  close(): Promise<void>;
}

/** How to connect. */
export interface ConnectOptions {
  readonly stateDir: string;
  /** Hears what is being waited for (finding the server binary, starting it). */
  readonly onProgress?: (text: string) => void;
}

/** Connects to a named server, or to the embedded one of the state directory, which it starts. Errors: those of `resolveServer`. */
export async function connectRootstock({ stateDir, onProgress }: ConnectOptions): Promise<RootstockClient> {
  const store = await openFsStore(stateLayout(stateDir).store);
  const reached = await reachServer({ stateDir, ...(onProgress === undefined ? {} : { onProgress }) });
  return toClient(reached, { store, stateDir });
}

/** How to reach a server. */
export interface ReachOptions extends ConnectOptions {
  /** True: it may turn out that no server is needed (`connectSupervisor`). */
  readonly provisional?: boolean;
  readonly signal?: AbortSignal;
  /** Called when a server has been started, which takes its time. */
  readonly onStarted?: () => void;
  /** Called when the server is there, before it is talked to. */
  readonly onServer?: () => void;
}

/** A server that answers, and what is known of it. */
export interface ReachedServer {
  readonly temporal: Temporal;
  readonly server: ServerConnection;
  readonly connection: Connection;
  /** Where it was connected to. */
  readonly address: string;
  readonly searchAttributes: boolean;
}

/** Finds or starts the server and connects to it. Touches no store. Errors: those of `resolveServer`. */
export async function reachServer(options: ReachOptions): Promise<ReachedServer> {
  const { stateDir, onProgress, provisional, signal, onServer } = options;
  const onStarted = () => {
    options.onStarted?.();
    // While an embedded server starts there is time to load the client; what is wrong with it is said when it is needed.
    void loadTemporal().catch(() => undefined);
  };
  const server = await resolveServer({ stateDir, env: process.env, onStarted, onProgress, provisional, signal });
  try {
    onServer?.();
    const temporal = await loadTemporal();
    const { connection, address } = await openConnection({ temporal, server, onProgress, signal });
    try {
      const searchAttributes = await ensureSearchAttributes(connection, server.namespace);
      if (!searchAttributes) onProgress?.(missingAttributes(server.namespace));
      return { temporal, server, connection, address, searchAttributes };
    } catch (error) {
      await connection.close();
      throw error;
    }
  } catch (error) {
    await server.close();
    throw error;
  }
}

async function loadTemporal(): Promise<Temporal> {
  return (await import('./temporal.ts')).temporalClient;
}

type Temporal = typeof import('@temporalio/client');

/** Makes the client of a server and a store. */
export function toClient(
  { temporal, server, connection, address: connectedTo, searchAttributes }: ReachedServer,
  { store, stateDir }: Pick<RootstockClient, 'store' | 'stateDir'>,
): RootstockClient {
  const connections = [connection];
  let client = new temporal.Client({ connection, namespace: server.namespace });
  let watcher: Client | undefined;
  let address = connectedTo;
  const open = (more: ConnectionOptions = {}): Client => {
    const next = temporal.Connection.lazy({ ...server.connectionOptions, ...more });
    connections.push(next);
    return new temporal.Client({ connection: next, namespace: server.namespace });
  };
  const follow = (newest: string): void => {
    if (newest === address) return;
    address = newest;
    // The one before stays open until the end: a call that is being retried on a closed one throws where nobody can catch it.
    client = open();
    watcher = undefined;
  };
  const forget = server.onChange((change) => {
    if (change.kind === 'ready') follow(change.address);
  });
  follow(server.connectionOptions.address); // it may have moved since it was connected to
  return {
    get client() {
      return client;
    },
    get watcher() {
      watcher ??= open({ interceptors: [] });
      return watcher;
    },
    server,
    store,
    stateDir,
    searchAttributes,
    queues: taskQueues(store.id),
    async close() {
      forget();
      for (const one of connections) await one.close();
      await server.close();
    },
  };
}

/** Runs go on without them; only filtering by status in the Temporal UI is missing. */
function missingAttributes(namespace: string): string {
  return [
    'The Temporal server does not know the search attributes of Rootstock, so its UI cannot filter runs by status. Register them once:',
    ...searchAttributeCommands(namespace),
  ].join('\n  ');
}
