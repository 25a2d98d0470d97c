import { Client, Connection } from '@temporalio/client';
import { openFsStore } from '../artifacts/fs-store.ts';
import type { ArtifactStore } from '../artifacts/store.ts';
import { stateLayout } from '../contracts/state-directory.ts';
import { type TaskQueues, taskQueues } from '../contracts/workflow.ts';
import { resolveServer, type ServerConnection } from '../server/resolve-server.ts';
import { ensureSearchAttributes, searchAttributeCommands } from '../server/search-attributes.ts';

/** A connection to the Temporal server and the store of a state directory. */
export interface RootstockClient {
  /** Always the newest: an embedded server may come back on another port. Read it anew for each call. */
  readonly client: Client;
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
  const server = await resolveServer({ stateDir, env: process.env, ...(onProgress === undefined ? {} : { onProgress }) });
  try {
    const connection = await Connection.connect(server.connectionOptions);
    try {
      const searchAttributes = await ensureSearchAttributes(connection, server.namespace);
      if (!searchAttributes) onProgress?.(missingAttributes(server.namespace));
      return toClient(connection, { server, store, stateDir, searchAttributes });
    } catch (error) {
      await connection.close();
      throw error;
    }
  } catch (error) {
    await server.close();
    throw error;
  }
}

function toClient(
  connection: Connection,
  facts: Pick<RootstockClient, 'server' | 'store' | 'stateDir' | 'searchAttributes'>,
): RootstockClient {
  const { server, store } = facts;
  const connections = [connection];
  let client = new Client({ connection, namespace: server.namespace });
  let address = server.connectionOptions.address;
  const forget = server.onChange((change) => {
    if (change.kind !== 'ready' || change.address === address) return;
    address = change.address;
    // The one before stays open until the end: a call that is being retried on a closed one throws where nobody can catch it.
    const next = Connection.lazy(server.connectionOptions);
    connections.push(next);
    client = new Client({ connection: next, namespace: server.namespace });
  });
  return {
    get client() {
      return client;
    },
    ...facts,
    queues: taskQueues(store.id),
    async close() {
      forget();
      for (const open of connections) await open.close();
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
