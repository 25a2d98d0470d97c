import { createRequire } from 'node:module';

/** DuckDB's package. */
export type DuckDb = typeof import('@duckdb/node-api');

/** Loads DuckDB. By `require`: for an import Node would read each of its 180 CommonJS files once more, to find the names they export. */
export function loadDuckDb(): DuckDb {
  return createRequire(import.meta.url)('@duckdb/node-api') as DuckDb;
}
