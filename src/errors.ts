/** Every error Rootstock raises on purpose has one of these codes; docs/errors.md explains each. Codes are never renamed. */
export const ERROR_CODES = [
  // run file and options
  'CONFIG_SYNTAX',
  'CONFIG_INVALID',
  'CONFIG_TOO_LARGE',
  'NOT_AVAILABLE',
  'FILE_NOT_FOUND',
  'FILE_UNREADABLE',
  'USAGE',
  // planning, matching, freezing
  'UNKNOWN_MODEL',
  'MODEL_CONFIG_INVALID',
  'MODULE_NOT_FOUND',
  'MAPPING_INVERTED',
  'MAPPING_EMPTY',
  'MAPPING_CONFLICT',
  'SHAPE_MISMATCH',
  'DTYPE_MISMATCH',
  'FREEZE_NAME_NOT_FOUND',
  'EVERYTHING_FROZEN',
  'NO_BATCHES',
  'MONITOR_NOT_FOUND',
  'PARAMETER_BUDGET',
  'GRAPH_TOO_LARGE',
  'PLAN_DRIFT',
  'OUTPUT_EXISTS',
  'OUTPUT_UNWRITABLE',
  'PRETRAINED_CYCLE',
  'BACKEND_UNAVAILABLE',
  'KERNEL_MISSING',
  'STAGE_INVALID',
  // data
  'DATA_UNREADABLE',
  'COLUMN_NOT_FOUND',
  'COLUMN_TYPE',
  'COLUMN_RAGGED',
  'MOLECULE_INVALID',
  'DATA_EMPTY',
  'DATA_NOT_FINITE',
  'LABEL_OUT_OF_RANGE',
  'DATA_CHANGED',
  'FEATURISATION_INVALID',
  'SQL_INVALID',
  'ROW_ID_DUPLICATE',
  // weights files and the store
  'CHECKPOINT_INVALID',
  'CHECKPOINT_UNSUPPORTED',
  'ARTIFACT_NOT_FOUND',
  'ARTIFACT_CORRUPT',
  'STORE_UNSUPPORTED',
  'STORE_IO',
  'DETERMINISM_VIOLATION',
  // training
  'NON_FINITE_LOSS',
  'NON_FINITE_GRADIENT',
  'TRAINER_STALLED',
  'TRAINER_DIED',
  'NO_PROGRESS',
  'BACKEND_CHANGED',
  'OUT_OF_MEMORY',
  'LEASE_LOST',
  'FROZEN_CHANGED',
  // running
  'SERVER_UNAVAILABLE',
  'SERVER_BINARY_UNAVAILABLE',
  'PLATFORM_UNSUPPORTED',
  'PACKAGE_MISSING',
  'RUN_CONFLICT',
  'RUN_NOT_FOUND',
  'RUN_NOT_PARKED',
  'RUN_FAILED',
  'NEEDS_ATTENTION',
  'CANCELLED',
  'PAYLOAD_TOO_LARGE',
  'INTERNAL',
] as const;

/** An error code. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** Codes for which another attempt can help: the world may have changed. Everything else fails at once. */
const RETRYABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'STORE_IO',
  'TRAINER_STALLED',
  'TRAINER_DIED',
  'OUT_OF_MEMORY',
  'LEASE_LOST',
  'ARTIFACT_CORRUPT',
  'SERVER_UNAVAILABLE',
  'INTERNAL',
]);

/** Codes that retries cannot cure. */
export const NON_RETRYABLE_CODES: readonly ErrorCode[] = ERROR_CODES.filter((code) => !RETRYABLE.has(code));

/** A failure with a code, a message for people and facts for programs. `details` is JSON. */
export class RootstockError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
    options: { readonly cause?: unknown } = {},
  ) {
    super(message, options);
    this.name = 'RootstockError';
    this.code = code;
    this.details = details;
  }
}

/** Whether another attempt of the same work can help. */
export function isRetryable(code: ErrorCode): boolean {
  return RETRYABLE.has(code);
}

/** One problem inside a message that lists all of them. `where` is a dotted path or file:line:column. */
export interface Problem {
  readonly where: string;
  readonly text: string;
}

/**
 * Composes the text of an error from its facts: a headline, the first five problems in full and a count of the rest, and what to do.
 *
 *     SHAPE_MISMATCH-style output:
 *     2 of 54 parameters cannot be copied from "models/lumo".
 *       head.weight: expected [5, 1280], received [1000, 1280]
 *     Fix: leave "head" out of modules_to_match.
 */
export function composeMessage(headline: string, problems: readonly Problem[], fix?: string): string {
  const shown = problems.slice(0, 5).map(({ where, text }) => `  ${where === '' ? '' : `${where}: `}${text}`);
  const rest = problems.length > 5 ? [`  ... and ${problems.length - 5} more`] : [];
  return [headline, ...shown, ...rest, ...(fix === undefined ? [] : [`Fix: ${fix}`])].join('\n');
}
