import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { ModelSchema } from '../config/model-schema.ts';
import { parseRun } from '../config/parse-run.ts';
import type { RunDocument } from '../contracts/stage-activities.ts';
import { RootstockError } from '../errors.ts';

/** How to read a run file. */
export interface ReadRunFileOptions {
  readonly models: readonly ModelSchema[];
  /** `a.b.c=v` overrides. */
  readonly set?: readonly string[];
}

/** Reads and validates a run file. Errors: FILE_NOT_FOUND, FILE_UNREADABLE, and those of `parseRun`. */
export async function readRunFile(path: string, options: ReadRunFileOptions): Promise<RunDocument> {
  const absolute = resolve(path);
  const text = await readFile(absolute, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT')
      throw new RootstockError(
        'FILE_NOT_FOUND',
        `There is no run file "${path}".\nFix: check the path; it is relative to ${process.cwd()}.`,
        { path: absolute },
        { cause },
      );
    throw new RootstockError('FILE_UNREADABLE', `The run file "${path}" cannot be read: ${cause.message}`, { path: absolute }, { cause });
  });
  const { written } = parseRun(text, { source: path, ...options });
  return { config: written, baseDir: dirname(absolute), source: path };
}
