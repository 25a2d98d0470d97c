import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname } from 'node:path';
import { didYouMean } from '../contracts/nearest.ts';
import type { DataProblem } from './problems.ts';
import { openSession } from './session.ts';

/** How a file is read, decided by its extension. */
export type FileFormat = 'parquet' | 'csv' | 'json' | 'sdf';

/** The files of a path or glob, sorted by code unit. Never empty; all of one format. */
export interface SourceFiles {
  readonly format: FileFormat;
  readonly paths: readonly string[];
}

/** What identifies a file's content without reading it. */
export interface FileStamp {
  readonly path: string;
  readonly size: number;
  /** Nanoseconds since the epoch, as decimal text. */
  readonly mtimeNs: string;
  readonly inode: string;
}

const FORMATS: Readonly<Record<string, FileFormat>> = {
  '.parquet': 'parquet',
  '.csv': 'csv',
  '.tsv': 'csv',
  '.jsonl': 'json',
  '.ndjson': 'json',
  '.json': 'json',
  '.sdf': 'sdf',
};

/**
 * Finds the files that an absolute path or glob (`*`, `?`, `[a-z]`, `**`) names. A file of exactly that name wins over the glob.
 * `.csv.gz` and the like are read as what they hold. Returns the problem instead of throwing, so that callers can report several.
 */
export async function findFiles(pattern: string, where: string): Promise<SourceFiles | DataProblem> {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(pattern)) {
    return { code: 'DATA_UNREADABLE', where, text: `${pattern}: only local files can be read so far; fetch it first` };
  }
  const info = await stat(pattern).catch(() => undefined);
  if (info?.isDirectory() === true) {
    return { code: 'DATA_UNREADABLE', where, text: `${pattern} is a directory; name a file or a glob such as ${pattern}/*.parquet` };
  }
  const paths = info === undefined ? await expandGlob(pattern) : [pattern];
  if (paths.length === 0) return { code: 'FILE_NOT_FOUND', where, text: await explainMissing(pattern) };
  const formats = new Set(paths.map(formatOf));
  const [format] = formats;
  if (format === undefined) return { code: 'DATA_UNREADABLE', where, text: `${paths[0]} has an extension that is not known` };
  if (formats.size > 1) return { code: 'DATA_UNREADABLE', where, text: `${pattern} names files of several formats` };
  return { format, paths };
}

/** Takes the stamps of files, in order. A file that has gone meanwhile is a DATA_UNREADABLE problem of the next reader. */
export async function stampFiles(paths: readonly string[]): Promise<readonly FileStamp[]> {
  return Promise.all(
    paths.map(async (path) => {
      const info = await stat(path, { bigint: true });
      return { path, size: Number(info.size), mtimeNs: String(info.mtimeNs), inode: String(info.ino) };
    }),
  );
}

function formatOf(path: string): FileFormat | undefined {
  const plain = extname(path) === '.gz' ? path.slice(0, -3) : path;
  return FORMATS[extname(plain).toLowerCase()];
}

/** DuckDB's glob, the one its readers use; the order is ours. */
async function expandGlob(pattern: string): Promise<readonly string[]> {
  if (!/[*?[]/.test(pattern)) return [];
  const session = await openSession({ readable: 'any', threads: 1 });
  try {
    const rows = await session.rows('SELECT file FROM glob($1)', [pattern]);
    return rows.map(({ file = '' }) => file).sort();
  } finally {
    session.close();
  }
}

async function explainMissing(pattern: string): Promise<string> {
  if (/[*?[]/.test(pattern)) return `no file matches ${pattern}`;
  const folder = dirname(pattern);
  const names = await readdir(folder).catch(() => undefined);
  if (names === undefined) return `${pattern} is not there (nor is the directory ${folder})`;
  // It is in its directory and yet not there: a symbolic link that leads nowhere, or in a circle.
  if (names.includes(basename(pattern))) return `${pattern} is a symbolic link that leads nowhere`;
  return `${pattern} is not there${didYouMean(basename(pattern), names)}`;
}
