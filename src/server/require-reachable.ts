import type { Connection, ConnectionOptions } from '@temporalio/client';
import { RootstockError } from '../errors.ts';
import type { ServerConnectionOptions } from './server-connection.ts';

/** A server that is restarting is waited for this long; a wrong port costs as much, since gRPC tries again until then. */
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Checks that a named server answers and has the namespace.
 * @throws RootstockError SERVER_UNAVAILABLE naming the address, what went wrong and what to do.
 */
export async function requireReachable(options: ServerConnectionOptions, namespace: string): Promise<void> {
  const temporal = await import('@temporalio/client');
  let connection: Connection;
  try {
    connection = await temporal.Connection.connect({ ...options, connectTimeout: CONNECT_TIMEOUT_MS } satisfies ConnectionOptions);
  } catch (error) {
    throw unavailable(options, `does not answer: ${reasonOf(error)}`, error);
  }
  try {
    await connection.withDeadline(Date.now() + CONNECT_TIMEOUT_MS, () => connection.workflowService.describeNamespace({ namespace }));
  } catch (error) {
    throw unavailable(options, `refuses namespace "${namespace}": ${reasonOf(error)}`, error);
  } finally {
    await connection.close();
  }
}

function unavailable({ address }: ServerConnectionOptions, what: string, cause: unknown): RootstockError {
  const text =
    `The Temporal server at ${address} ${what}\n` +
    'Fix: start that server or correct TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and the Temporal profile (TLS, API key); ' +
    'unset them to use the embedded server.';
  return new RootstockError('SERVER_UNAVAILABLE', text, { address }, { cause });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
