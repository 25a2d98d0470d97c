import { temporalClient } from './temporal.ts';

const { isGrpcServiceError, WorkflowNotFoundError } = temporalClient;

/** Whether the server says that it does not know a workflow. */
export function isNotFound(error: unknown): boolean {
  if (error instanceof WorkflowNotFoundError) return true;
  const NOT_FOUND: number = 5; // google.rpc.Code
  return isGrpcServiceError(error) && [NOT_FOUND].includes(error.code);
}
