import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { ModelSchema } from '../config/model-schema.ts';
import { parseRun } from '../config/parse-run.ts';
import { decodeUtf8 } from '../contracts/decode-utf8.ts';
import type { RunDocument } from '../contracts/stage-activities.ts';
import { RootstockError } from '../errors.ts';

/** How to read a run file. */
export interface ReadRunFileOptions {
  readonly models: readonly ModelSchema[];
  /** `a.b.c=v` overrides. */
  readonly set?: readonly string[];
}

/** Reads and validates a run file. Errors: FILE_NOT_FOUND, FILE_UNREADABLE, CONFIG_SYNTAX also where it is no UTF-8, and those of `parseRun`. */
export async function readRunFile(path: string, options: ReadRunFileOptions): Promise<RunDocument> {
  const absolute = resolve(path);
  const bytes = await readFile(absolute).catch(async (cause: NodeJS.ErrnoException) => {
    throw await unreadable(path, cause);
  });
  const { written } = parseRun(decode(bytes, path), { source: path, ...options });
  return { config: written, baseDir: dirname(absolute), source: path };
}

async function unreadable(path: string, cause: NodeJS.ErrnoException): Promise<RootstockError> {
  const details = { path: resolve(path) };
  if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') {
    const text = `There is no run file "${path}".\nFix: check the path; it is relative to ${process.cwd()}.`;
    return new RootstockError('FILE_NOT_FOUND', text, details, { cause });
  }
  if (cause.code === 'EISDIR') {
    const text = `"${path}" is a directory, not a run file.\nFix: ${await nameOne(path)}`;
    return new RootstockError('FILE_UNREADABLE', text, details, { cause });
  }
  const text = `The run file "${path}" cannot be read: ${cause.message}\nFix: make it readable for this user.`;
  return new RootstockError('FILE_UNREADABLE', text, details, { cause });
}

const MOST_NAMED = 5;

/** What to do with a directory instead of a run file. */
async function nameOne(directory: string): Promise<string> {
  const names = (await readdir(directory).catch(() => [])).filter((name) => /\.(?:ya?ml|json)$/u.test(name)).sort();
  if (names.length === 0) return 'name a run file (YAML or JSON); this directory has none.';
  const shown = names.slice(0, MOST_NAMED).map((name) => join(directory, name));
  const more = names.length > MOST_NAMED ? `, and ${names.length - MOST_NAMED} more` : '';
  return `name the run file: ${shown.join(', ')}${more} ${names.length === 1 ? 'is' : 'are'} there.`;
}

/** Run files are UTF-8, with or without a byte order mark. */
function decode(bytes: Buffer, path: string): string {
  const text = decodeUtf8(bytes);
  if (typeof text === 'string') return text;
  const problem =
    text.kind === 'utf-16'
      ? `The run file "${path}" is UTF-16, as Windows PowerShell writes it`
      : `${path}:${text.line}:${text.column}: a letter that is not UTF-8, as files in Latin-1 or Windows-1252 have it`;
  throw new RootstockError('CONFIG_SYNTAX', `${problem}; a run file is UTF-8.\nFix: save it as UTF-8.`, { path: resolve(path) });
}
