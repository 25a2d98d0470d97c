import { resolve } from 'node:path';
import { parseRunObject } from '../config/parse-run.ts';
import type { RunDocument } from '../contracts/stage-activities.ts';
import type { ModelDefinition } from '../models/definition.ts';
import { builtinModels } from '../models/registry.ts';

/** How to read a run that code defines. */
export interface DefineRunOptions {
  /** What relative paths are relative to; default: the working directory. */
  readonly baseDir?: string;
  /** Further model definitions the run may name. */
  readonly models?: readonly ModelDefinition[];
}

/** Validates a run file given as an object: the same rules, defaults and digests as from a file. Errors: those of a run file, located by dotted path. */
export function defineRun(config: object, options: DefineRunOptions = {}): RunDocument {
  const models = [...builtinModels, ...(options.models ?? [])];
  const { written } = parseRunObject(config, { source: 'defineRun', models });
  return { config: written, baseDir: resolve(options.baseDir ?? '.'), source: 'defineRun' };
}
