import type { ErrorCode } from '../errors.ts';
import type { Path } from './path.ts';

/** One thing that is wrong with a run file, before it has a line number. */
export interface Issue {
  readonly code: ErrorCode;
  readonly path: Path;
  /** Whether the key itself is wrong (unknown, misspelt) or the value under it. */
  readonly at: 'key' | 'value';
  /** What is wrong, with expected and received values, in words. */
  readonly text: string;
}

/** One thing that is wrong, with the place where it was written. */
export interface LocatedIssue {
  readonly code: ErrorCode;
  /** `run.yaml:3:5 model.config.trainer.max_epochs`, `--set a.b`, or a dotted path. */
  readonly where: string;
  readonly text: string;
}

/** Builds a CONFIG_INVALID issue about a value. */
export function invalid(path: Path, text: string): Issue {
  return { code: 'CONFIG_INVALID', path, at: 'value', text };
}

/** Builds a NOT_AVAILABLE issue about a value: known, and refused by name. */
export function notAvailable(path: Path, text: string): Issue {
  return { code: 'NOT_AVAILABLE', path, at: 'value', text };
}

/** Shows a received value in at most 60 characters. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? `a ${typeof value}`);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
