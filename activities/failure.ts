import { ApplicationFailure, CancelledFailure, CompleteAsyncError } from '@temporalio/activity';
import { errnoOf, isLasting } from '../src/artifacts/fs-errors.ts';
import { isRetryable, RootstockError } from '../src/errors.ts';

/**
 * Turns what an activity threw into what crosses to the workflow: code as type, facts as details. `instanceof` is gone on the other side.
 * A disk that refuses for good (permissions, a read-only file system) is not asked again, although STORE_IO is retried in general.
 */
export function toActivityFailure(error: unknown): Error {
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure || error instanceof CompleteAsyncError) return error;
  if (error instanceof RootstockError) {
    return ApplicationFailure.create({
      type: error.code,
      message: error.message,
      nonRetryable: !isRetryable(error.code) || isLasting(errnoOf(error) ?? ''),
      ...retryDelay(error),
      details: [error.details],
      cause: error,
    });
  }
  const cause = error instanceof Error ? error : new Error(String(error));
  return ApplicationFailure.create({ type: 'INTERNAL', message: `${cause.message}\n${cause.stack ?? ''}`, nonRetryable: false, cause });
}

/** An error may know better than the retry policy when another attempt makes sense: `retryAfterMs` among its facts. */
function retryDelay({ code, details }: RootstockError): { readonly nextRetryDelay?: number } {
  const { retryAfterMs } = details;
  return isRetryable(code) && typeof retryAfterMs === 'number' ? { nextRetryDelay: retryAfterMs } : {};
}
