import type { ErrorCode } from '../errors.ts';

/** Exit codes of the command line. A stable interface. */
export const EXIT = { done: 0, runFailed: 1, badInput: 2, environment: 3, interrupted: 130 } as const;

const ENVIRONMENT: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'SERVER_UNAVAILABLE',
  'SERVER_BINARY_UNAVAILABLE',
  'PLATFORM_UNSUPPORTED',
  'PACKAGE_MISSING',
  'STORE_UNSUPPORTED',
  'STORE_IO',
]);

const RUN: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'NEEDS_ATTENTION',
  'RUN_FAILED',
  'CANCELLED',
  'INTERNAL',
  'NON_FINITE_LOSS',
  'NON_FINITE_GRADIENT',
  'TRAINER_STALLED',
  'TRAINER_DIED',
  'NO_PROGRESS',
  'BACKEND_CHANGED',
  'OUT_OF_MEMORY',
  'LEASE_LOST',
  'FROZEN_CHANGED',
  'DETERMINISM_VIOLATION',
  'ARTIFACT_CORRUPT',
  'ARTIFACT_NOT_FOUND',
  'DATA_CHANGED',
  'PLAN_DRIFT',
]);

/** The exit code an error ends a command with: 1 the run, 3 the environment, 2 everything a user wrote. */
export function exitCodeOf(code: ErrorCode): number {
  if (ENVIRONMENT.has(code)) return EXIT.environment;
  return RUN.has(code) ? EXIT.runFailed : EXIT.badInput;
}
