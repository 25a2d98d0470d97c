import type { Json, JsonObject } from '../contracts/json.ts';
import { applySets } from './apply-sets.ts';
import { checkRun } from './check-run.ts';
import type { LocatedIssue } from './issue.ts';
import type { ModelSchema } from './model-schema.ts';
import { normaliseRun } from './normalise-run.ts';
import { type Places, whereIs } from './places.ts';
import { readDocument } from './read-document.ts';
import { readJson } from './read-json.ts';
import type { RunConfig } from './run-config.ts';
import { runError } from './run-error.ts';
import { renameSeed } from './seed-alias.ts';
import { toRunConfig } from './to-run-config.ts';

/** What parsing needs beside the run file itself. */
export interface ParseOptions {
  /** File name for messages. */
  readonly source: string;
  /** The models there are. */
  readonly models: readonly ModelSchema[];
  /** `--set` options in order: `a.b.c=value`, the value read as YAML. */
  readonly set?: readonly string[];
}

/**
 * Parses a run file (YAML 1.2 or JSON), strictly: unknown keys are errors at every depth.
 *
 * Throws one RootstockError that lists every problem with file, line and column, dotted key, what was expected and what was received:
 * CONFIG_SYNTAX (no YAML), CONFIG_TOO_LARGE (over a limit), NOT_AVAILABLE (only options whose engine comes later), UNKNOWN_MODEL,
 * MAPPING_EMPTY, or CONFIG_INVALID. A problem of a `--set` option is located as `--set a.b.c`.
 */
export function parseRun(text: string, options: ParseOptions): RunConfig {
  const { value, places, issues } = readDocument(text, options.source);
  if (issues.length > 0) throw runError(options.source, issues);
  return finish({ value, places }, options);
}

/** Validates a run that code has built, as `parseRun` does. Problems are located by dotted path alone. Same errors. */
export function parseRunObject(value: unknown, options: ParseOptions): RunConfig {
  const places: Places = new Map();
  const { value: json, issues } = readJson(value);
  if (issues.length > 0)
    throw runError(
      options.source,
      issues.map((issue) => ({ ...issue, where: whereIs(places, issue.path, issue.at) })),
    );
  return finish({ value: json, places }, options);
}

function finish({ value, places }: { readonly value: Json; readonly places: Places }, options: ParseOptions): RunConfig {
  const renamed = renameSeed(value, places);
  const target = { value: renamed.value, places };
  const issues: LocatedIssue[] = [...renamed.issues, ...applySets(target, options.set ?? [])];
  for (const { code, path, at, text } of checkRun(target.value, options.models))
    issues.push({ code, where: whereIs(places, path, at), text });
  if (issues.length > 0) throw runError(options.source, issues);
  return toRunConfig(normaliseRun(target.value as JsonObject));
}
