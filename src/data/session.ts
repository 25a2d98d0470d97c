import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBDataChunk, DuckDBType } from '@duckdb/node-api';
import { RootstockError } from '../errors.ts';
import { type DuckDb, loadDuckDb } from './duckdb.ts';

/** What a column holds, as far as reading cares. `unusable` is everything else: structs, maps, blobs, ... */
export type ValueKind = 'boolean' | 'integer' | 'real' | 'text' | 'time' | 'unusable';

/** A column of a table or view. */
export interface ColumnInfo {
  readonly name: string;
  /** DuckDB's name of the type, for messages. */
  readonly type: string;
  /** Kind of a value, or of an innermost element of a list. */
  readonly kind: ValueKind;
  readonly isList: boolean;
  /** 0 for one value per row, 1 for a list, 2 for a list of lists, ... */
  readonly depth: number;
  /** Whether every value fits int64. */
  readonly fitsInt64: boolean;
}

/** One in-memory DuckDB. Close it. */
export interface Session {
  run(sql: string): Promise<void>;
  /** Rows of a small result with scalar columns, each value as text. */
  rows(sql: string, values?: readonly string[]): Promise<readonly Readonly<Record<string, string>>[]>;
  /** Number of statements in a text; throws DuckDB's own parser error. */
  countStatements(sql: string): Promise<number>;
  /** Columns of a query's result, without running it; throws DuckDB's own parser and binder errors. */
  describe(sql: string): Promise<readonly ColumnInfo[]>;
  /** Result chunks in result order, at most 2048 rows each. */
  stream(sql: string): AsyncGenerator<DuckDBDataChunk>;
  readonly close: () => void;
}

/** What a session may read and use. */
export interface SessionOptions {
  /** Absolute paths that may be read, and nothing else; `any` for our own fixed statements. */
  readonly readable: readonly string[] | 'any';
  /** Null: DuckDB's default, one per core. */
  readonly threads: number | null;
  /** Aborting interrupts the running query and makes it fail with CANCELLED. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a DuckDB that can read the given files and touch nothing else: allowed_paths, then no external access, no extension
 * loading, and a configuration that SQL cannot unlock (DuckDB's "Securing DuckDB" page). Sorting spills to a private directory
 * under the system's temporary one, removed on close. The time zone is UTC so that text made of times does not depend on the machine.
 */
export async function openSession({ readable, threads, signal }: SessionOptions): Promise<Session> {
  const { DuckDBInstance, DuckDBTypeId } = loadDuckDb();
  const instance = await DuckDBInstance.create(':memory:', {
    ...(threads === null ? {} : { threads: String(threads) }),
    temp_directory: join(tmpdir(), `rootstock-duckdb-${randomUUID()}`),
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connection = await instance.connect();
  const guard = async <T>(work: () => Promise<T>): Promise<T> => {
    throwIfCancelled(signal);
    const stopListening = interruptOnAbort(signal, () => connection.interrupt());
    try {
      return await work();
    } catch (error) {
      throwIfCancelled(signal);
      throw error;
    } finally {
      stopListening();
    }
  };
  const session: Session = {
    run: (sql) => guard(async () => void (await connection.run(sql))),
    rows: (sql, values) =>
      guard(async () => {
        const rows = (await connection.runAndReadAll(sql, [...(values ?? [])])).getRowObjectsJson();
        return rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, toText(value)])));
      }),
    countStatements: (sql) => guard(async () => (await connection.extractStatements(sql)).count),
    describe: (sql) =>
      guard(async () => {
        const prepared = await connection.prepare(sql);
        return Array.from({ length: prepared.columnCount }, (_, index) =>
          describeColumn(prepared.columnName(index), prepared.columnType(index), DuckDBTypeId),
        );
      }),
    stream: async function* (sql) {
      const result = await guard(() => connection.stream(sql));
      for (;;) {
        const chunk = await guard(() => result.fetchChunk());
        if (chunk === null || chunk.rowCount === 0) return;
        yield chunk;
      }
    },
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
  await session.run(`SET TimeZone = 'UTC'`);
  if (readable !== 'any') {
    await session.run(`SET allowed_paths = [${readable.flatMap((path) => [path, globLiteral(path)].map(quoteText)).join(', ')}]`);
    await session.run('SET enable_external_access = false');
  }
  await session.run('SET lock_configuration = true');
  return session;
}

/** Quotes text for SQL. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Quotes an identifier for SQL. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A glob that matches exactly this path: DuckDB's readers take every path as a glob. */
export function globLiteral(path: string): string {
  return path.replace(/[*?[]/g, (character) => `[${character}]`);
}

/** Milliseconds between two attempts to interrupt a query. */
const INTERRUPT_EVERY_MS = 50;

/**
 * Interrupts a running query when the signal aborts, again and again until told to stop: an interrupt that comes just before DuckDB
 * begins to execute is forgotten by it (ClientContext clears the flag when a query starts), and the query would run to its end.
 */
function interruptOnAbort(signal: AbortSignal | undefined, interrupt: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const start = (): void => {
    interrupt();
    timer = setInterval(interrupt, INTERRUPT_EVERY_MS);
  };
  signal?.addEventListener('abort', start, { once: true });
  return () => {
    signal?.removeEventListener('abort', start);
    clearInterval(timer);
  };
}

function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) {
    throw new RootstockError('CANCELLED', 'Reading the data was cancelled.', {}, { cause: signal.reason });
  }
}

type TypeIds = DuckDb['DuckDBTypeId'];

function describeColumn(name: string, type: DuckDBType, ids: TypeIds): ColumnInfo {
  let element = type;
  let depth = 0;
  while ((element.typeId === ids.LIST || element.typeId === ids.ARRAY) && 'valueType' in element) {
    element = element.valueType;
    depth++;
  }
  const kind = kindOf(element, ids);
  const wide = [ids.HUGEINT, ids.UHUGEINT, ids.UBIGINT];
  return { name, type: String(type), kind, isList: depth > 0, depth, fitsInt64: kind === 'integer' && !wide.includes(element.typeId) };
}

function kindOf({ typeId }: DuckDBType, ids: TypeIds): ValueKind {
  const kinds: readonly (readonly [ValueKind, readonly number[]])[] = [
    ['boolean', [ids.BOOLEAN]],
    ['integer', [ids.TINYINT, ids.SMALLINT, ids.INTEGER, ids.BIGINT, ids.HUGEINT]],
    ['integer', [ids.UTINYINT, ids.USMALLINT, ids.UINTEGER, ids.UBIGINT, ids.UHUGEINT]],
    ['real', [ids.FLOAT, ids.DOUBLE, ids.DECIMAL]],
    ['text', [ids.VARCHAR, ids.ENUM, ids.UUID]],
    ['time', [ids.DATE, ids.TIME, ids.TIMESTAMP, ids.TIMESTAMP_S, ids.TIMESTAMP_MS, ids.TIMESTAMP_NS, ids.TIMESTAMP_TZ]],
  ];
  return kinds.find(([, members]) => members.includes(typeId))?.[0] ?? 'unusable';
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
