import { temporalClient } from './temporal.ts';

const { isGrpcServiceError, ServiceError } = temporalClient;

/** Whether a call failed on its way to the server or in it, rather than because of what was asked: bare, or as the client wraps it. */
export function isServiceError(error: unknown): error is Error {
  return isGrpcServiceError(error) || error instanceof ServiceError;
}
