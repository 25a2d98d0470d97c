import { open, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { isUtf16 } from '../contracts/decode-utf8.ts';
import { RootstockError } from '../errors.ts';
import { readHead, readUnpacked } from './file-head.ts';
import type { SourceFiles } from './source-files.ts';

/** Why one file of a source cannot be read, and what helps. It becomes DATA_UNREADABLE where the source's name is known. */
export class UnreadableFile extends Error {
  readonly path: string;
  /** What helps; no full stop. */
  readonly remedy: string;

  constructor(path: string, text: string, remedy: string, options: { readonly cause?: unknown } = {}) {
    super(text, options);
    this.name = 'UnreadableFile';
    this.path = path;
    this.remedy = remedy;
  }
}

const EMPTY = 'the file is empty (0 bytes)';
const WRITE_ANEW = 'write the file anew, or fetch it again and compare its size or checksum with the original';
const UTF_16_REMEDY = 'save the file as UTF-8, for example: iconv -f UTF-16 -t UTF-8 in > out';
const OTHER_REMEDY = 'save the file as UTF-8, for example: iconv -f ISO-8859-1 -t UTF-8 in > out';
const NAME_IT = 'data files are .parquet, .csv, .tsv, .jsonl, .ndjson, .json or .sdf: give the file the extension of what it holds';

/** Bytes that are looked at for an encoding. */
const HEAD_BYTES = 4096;

/** Fails with an UnreadableFile where text is not UTF-8 but UTF-16, which DuckDB would take for odd letters or odd lines. */
export async function refuseUtf16({ format, paths }: SourceFiles): Promise<void> {
  if (format === 'parquet') return;
  for (const path of paths) {
    const head = await readHead(path, HEAD_BYTES).catch(async (error: unknown) => {
      const { size } = await stat(path);
      throw size === 0 ? new UnreadableFile(path, EMPTY, WRITE_ANEW) : unpackError(path, error);
    });
    if (isUtf16(head)) throw new UnreadableFile(path, 'the text is UTF-16; expected UTF-8', UTF_16_REMEDY);
  }
}

/** Finds the cause of a failed reading and what helps; `error` itself where neither is known. */
export async function explainUnreadable(error: unknown, { format, paths }: SourceFiles): Promise<unknown> {
  if (error instanceof RootstockError || error instanceof UnreadableFile) return error;
  const message = error instanceof Error ? error.message : String(error);
  const named = paths.find((path) => message.includes(path)) ?? (paths.length === 1 ? paths[0] : undefined);
  if (format === 'json') return (await findBrokenJson(paths)) ?? explainJson(named, error);
  if (named === undefined) return error;
  if (format === 'parquet') return explainParquet(named, error);
  const packed = named.endsWith('.gz') ? await findPackingFault(named) : undefined;
  if (packed !== undefined) return packed;
  if (format === 'csv' && /not utf-8 encoded/i.test(message)) return new UnreadableFile(named, message, OTHER_REMEDY, { cause: error });
  if (format === 'csv' && /Expected Number of Columns/i.test(message)) {
    const remedy = 'correct this line: give it as many fields as the header has, and quote ("...") values that hold the separator';
    return new UnreadableFile(named, message, remedy, { cause: error });
  }
  return error;
}

/** What helps where DuckDB says in the middle of a parquet file that it is damaged; undefined where its message is of something else. */
export function remedyOfDamage(message: string): string | undefined {
  return /Failed to read file "|decompression failure|TProtocolException/.test(message) ? WRITE_ANEW : undefined;
}

/** A parquet file begins and ends with PAR1 (PARE where it is encrypted). */
async function explainParquet(path: string, error: unknown): Promise<UnreadableFile> {
  const { size, first, last } = await readEnds(path);
  const cause = { cause: error };
  if (size === 0) return new UnreadableFile(path, EMPTY, WRITE_ANEW, cause);
  if (first !== 'PAR1') return new UnreadableFile(path, 'this is not a parquet file: it does not begin with PAR1', NAME_IT, cause);
  if (last !== 'PAR1') {
    const text = 'the file was cut off: it begins as a parquet file does, and does not end as one (PAR1)';
    return new UnreadableFile(path, text, WRITE_ANEW, cause);
  }
  return new UnreadableFile(path, error instanceof Error ? error.message : String(error), WRITE_ANEW, cause);
}

async function readEnds(path: string): Promise<{ readonly size: number; readonly first: string; readonly last: string }> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const read = async (from: number): Promise<string> => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, Math.max(0, from));
      return buffer.toString('latin1', 0, bytesRead);
    };
    return { size, first: await read(0), last: await read(size - 4) };
  } finally {
    await file.close();
  }
}

/** The first line of the first file that is no JSON. DuckDB's own numbers of lines are one too high. Undefined when every line is. */
async function findBrokenJson(paths: readonly string[]): Promise<unknown> {
  for (const path of paths) {
    if (extname(path.replace(/\.gz$/i, '')).toLowerCase() === '.json') continue;
    try {
      const found = await findBrokenLine(path);
      if (found !== undefined) return found;
    } catch (error) {
      return unpackError(path, error);
    }
  }
  return undefined;
}

/** JSON that is not one object per line: DuckDB says where. */
function explainJson(path: string | undefined, error: unknown): unknown {
  if (path === undefined || !(error instanceof Error) || !error.message.includes('Malformed JSON')) return error;
  const remedy = `correct the JSON there; where it ends too early, the file was cut off: ${WRITE_ANEW}`;
  return new UnreadableFile(path, error.message, remedy, { cause: error });
}

/** Unpacks a whole file, to see whether it can be. */
async function findPackingFault(path: string): Promise<unknown> {
  try {
    for await (const chunk of readUnpacked(path)) void chunk;
    return undefined;
  } catch (error) {
    return unpackError(path, error);
  }
}

async function findBrokenLine(path: string): Promise<UnreadableFile | undefined> {
  const decoder = new TextDecoder();
  let number = 0;
  let rest = '';
  for await (const chunk of readUnpacked(path)) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      number += 1;
      if (!isJsonLine(line)) return brokenLine(path, { number, line, isLast: false });
    }
  }
  return isJsonLine(rest) ? undefined : brokenLine(path, { number: number + 1, line: rest, isLast: true });
}

/** Whether DuckDB takes a line: JSON, numbers that are none, and a comma before a closing bracket. */
function isJsonLine(line: string): boolean {
  return line.trim() === '' || isJson(line) || isJson(line.replaceAll(NOT_FINITE, '0').replaceAll(LAST_COMMA, ''));
}

const NOT_FINITE = /(?<=[:,[\s])-?(?:nan|inf(?:inity)?)(?=[\s,\]}])/gi;
const LAST_COMMA = /,(?=\s*[\]}])/g;

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function brokenLine(
  path: string,
  { number, line, isLast }: { readonly number: number; readonly line: string; readonly isLast: boolean },
): UnreadableFile {
  const text = `line ${number} is not JSON: ${JSON.stringify(line.slice(0, 60))}`;
  if (isLast && number > 1) return new UnreadableFile(path, `${text}; the file ends in it, so it was cut off`, WRITE_ANEW);
  const isOther = number === 1 && !/^\s*[[{]/u.test(line);
  return new UnreadableFile(path, text, isOther ? NAME_IT : 'correct this line or leave it out: each line is one JSON object');
}

/** What zlib says of a file named .gz; any other error as it is. */
function unpackError(path: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'Z_BUF_ERROR') return new UnreadableFile(path, 'the compressed file was cut off', WRITE_ANEW, { cause: error });
  if (code === 'Z_DATA_ERROR' && error instanceof Error && error.message === 'incorrect header check') {
    return new UnreadableFile(path, 'this is not a gzip file', 'leave .gz out of its name, or compress it with gzip', { cause: error });
  }
  if (code === 'Z_DATA_ERROR') return new UnreadableFile(path, 'the compressed file is damaged', WRITE_ANEW, { cause: error });
  return error;
}
