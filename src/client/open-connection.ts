import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, ConnectionOptions } from '@temporalio/client';
import { RootstockError } from '../errors.ts';
import type { ServerConnection } from '../server/server-connection.ts';

/** One try. */
const CONNECT_TIMEOUT_MS = 10_000;
const AGAIN_MS = 500;

/** An embedded server that has served may stand still for a while: a machine that was suspended, a disk that syncs, a restart. */
const EMBEDDED_PATIENCE_MS = 120_000;

/** What a connection is opened with. */
export interface OpenConnectionInput {
  readonly temporal: typeof import('@temporalio/client');
  /** Read anew for each try: an embedded server may come back on another port. */
  readonly server: Pick<ServerConnection, 'kind' | 'connectionOptions'>;
  readonly onProgress?: ((text: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An open connection, and the address that it was opened to: the server may move at any time. */
export interface OpenedConnection {
  readonly connection: Connection;
  readonly address: string;
}

/** Connects to a server that has been found to serve. SERVER_UNAVAILABLE: it does not answer; an embedded one is waited for first. CANCELLED. */
export async function openConnection({ temporal, server, onProgress, signal }: OpenConnectionInput): Promise<OpenedConnection> {
  const giveUp = Date.now() + (server.kind === 'embedded' ? EMBEDDED_PATIENCE_MS : 0);
  for (let tries = 1; ; tries += 1) {
    const options = server.connectionOptions;
    try {
      const connection = await temporal.Connection.connect({ ...options, connectTimeout: CONNECT_TIMEOUT_MS } satisfies ConnectionOptions);
      return { connection, address: options.address };
    } catch (error) {
      if (signal?.aborted === true) throw new RootstockError('CANCELLED', 'Stopped while connecting to the Temporal server.');
      if (Date.now() >= giveUp) throw unavailable(server.connectionOptions.address, error);
      if (tries === 1) onProgress?.('the Temporal server does not answer; waiting for it');
      await sleep(AGAIN_MS);
    }
  }
}

function unavailable(address: string, cause: unknown): RootstockError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const text = `The Temporal server at ${address} is there, but does not answer: ${reason}\nFix: see why it stands still (server.log, if it is an embedded one), then run the same command again.`;
  return new RootstockError('SERVER_UNAVAILABLE', text, { address }, { cause });
}
