import type { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../contracts/workflow.ts';

/** Temporal's IndexedValueType (temporal/api/enums/v1/common.proto). */
const KEYWORD = 2;
const BOOL = 5;
/** gRPC PERMISSION_DENIED, UNIMPLEMENTED, UNAUTHENTICATED (grpc/grpc doc/statuscodes.md). */
const REFUSALS: ReadonlySet<number> = new Set([7, 12, 16]);
const OURS: Readonly<Record<string, number>> = { [SEARCH_ATTRIBUTES.status]: KEYWORD, [SEARCH_ATTRIBUTES.needsHuman]: BOOL };

/**
 * Whether the server knows our search attributes with the right types. The embedded server registers them itself at each start; another server is
 * only asked, never changed: starting a workflow with an unregistered attribute would fail, so the caller leaves them out and says so.
 * A server that does not let us ask is taken not to know them.
 */
export async function ensureSearchAttributes(connection: Connection, namespace: string): Promise<boolean> {
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    return Object.entries(OURS).every(([name, type]) => Number(customAttributes?.[name]) === type);
  } catch (error) {
    const { isGrpcServiceError } = await import('@temporalio/client');
    if (isGrpcServiceError(error) && REFUSALS.has(error.code)) return false;
    throw error;
  }
}

/** The commands that register our search attributes on a server of one's own. */
export function searchAttributeCommands(namespace: string): readonly string[] {
  return Object.entries(OURS).map(
    ([name, type]) =>
      `temporal operator search-attribute create --namespace ${namespace} --name ${name} --type ${type === BOOL ? 'Bool' : 'Keyword'}`,
  );
}
