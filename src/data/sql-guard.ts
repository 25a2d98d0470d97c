import { didYouMean } from '../contracts/nearest.ts';
import type { Session } from './session.ts';

/** Table functions that a query may use: they compute from their arguments alone. Files are visible by name, never by a reading function. */
const TABLE_FUNCTIONS: ReadonlySet<string> = new Set(['unnest', 'range', 'generate_series', 'json_each', 'json_tree']);

/** Names that DuckDB resolves to the clock when no column has them. */
const CLOCK_NAMES: ReadonlySet<string> = new Set(['current_date', 'current_time', 'current_timestamp', 'localtime', 'localtimestamp']);

/**
 * Says what is wrong with a query of a run file, or undefined. It has to be one SELECT (DuckDB's own parser decides), read only
 * the named tables, call no table function beyond a short list, and give the same rows each time: no clock, no random numbers,
 * no unseeded sample. The session's lock is the fence; this check is what explains it, and keeps out functions that act
 * (`enable_logging` opens files, and in DuckDB 1.5.6 aborts the process when it may not).
 */
export async function findSqlProblem(session: Session, sql: string, tables: readonly string[]): Promise<string | undefined> {
  if (sql.trim() === '') return 'expected a SELECT, received nothing';
  const count = await session.countStatements(sql);
  if (count !== 1) return `expected one SELECT, received ${count} statements`;
  const [row] = await session.rows('SELECT json_serialize_sql($1::VARCHAR) AS tree', [sql]);
  const tree = JSON.parse(row?.['tree'] ?? '{}') as Node;
  if (tree['error'] !== false) return 'expected a SELECT, received another kind of statement';
  const facts = collectFacts(tree);
  const known = new Set([...tables, ...facts.commonTables].map((name) => name.toLowerCase()));
  for (const table of facts.tables) {
    if (!known.has(table.toLowerCase())) {
      return `there is no table ${JSON.stringify(table)}${didYouMean(table, tables)}; the names under "files" are: ${tables.join(', ')}`;
    }
  }
  for (const name of facts.tableFunctions) {
    if (!TABLE_FUNCTIONS.has(name)) {
      return `the table function ${name} is not allowed: list the file under "files" and select from its name (allowed: ${[...TABLE_FUNCTIONS].join(', ')})`;
    }
  }
  if (facts.shows) return 'SHOW, DESCRIBE and SUMMARIZE are not data: expected a SELECT';
  if (facts.unseededSample) return 'a sample without a seed gives other rows each time: add REPEATABLE (seed), or use the split';
  const changing = new Set([...(await changingFunctions(session)), ...CLOCK_NAMES]);
  const bad = facts.functions.find((name) => changing.has(name)) ?? facts.bareNames.find((name) => CLOCK_NAMES.has(name));
  return bad === undefined ? undefined : `${bad} gives another value each time; a run must see the same rows whenever it starts again`;
}

type Node = Readonly<Record<string, unknown>>;

interface QueryFacts {
  readonly tables: string[];
  readonly commonTables: string[];
  readonly tableFunctions: string[];
  readonly functions: string[];
  readonly bareNames: string[];
  shows: boolean;
  unseededSample: boolean;
}

/** Walks DuckDB's syntax tree (the JSON of json_serialize_sql), whatever its shape: unknown node types are descended into. */
function collectFacts(tree: Node): QueryFacts {
  const facts: QueryFacts = {
    tables: [],
    commonTables: [],
    tableFunctions: [],
    functions: [],
    bareNames: [],
    shows: false,
    unseededSample: false,
  };
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit);
    else if (isNode(value)) {
      note(value, facts);
      Object.values(value).forEach(visit);
    }
  };
  visit(tree);
  return facts;
}

function note(node: Node, facts: QueryFacts): void {
  if (node['type'] === 'BASE_TABLE') facts.tables.push(qualifiedName(node));
  if (node['type'] === 'SHOW_REF') facts.shows = true;
  if (node['type'] === 'TABLE_FUNCTION' && isNode(node['function']))
    facts.tableFunctions.push(lowerText(node['function']['function_name']));
  if (typeof node['function_name'] === 'string') facts.functions.push(lowerText(node['function_name']));
  if (isNode(node['cte_map']) && Array.isArray(node['cte_map']['map'])) {
    for (const entry of node['cte_map']['map']) if (isNode(entry)) facts.commonTables.push(String(entry['key']));
  }
  if (Array.isArray(node['column_names']) && node['column_names'].length === 1) facts.bareNames.push(lowerText(node['column_names'][0]));
  if (isNode(node['sample']) && Number(node['sample']['seed']) < 0) facts.unseededSample = true;
}

/** `catalog.schema.table` as far as written, so that a qualified name is never taken for a file's. */
function qualifiedName(node: Node): string {
  return [node['catalog_name'], node['schema_name'], node['table_name']].filter((part) => part !== '').join('.');
}

async function changingFunctions(session: Session): Promise<readonly string[]> {
  const rows = await session.rows(
    `SELECT DISTINCT function_name AS name FROM duckdb_functions() WHERE stability <> 'CONSISTENT' AND function_name <> 'error'`,
  );
  return rows.map(({ name = '' }) => name.toLowerCase());
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null;
}

function lowerText(value: unknown): string {
  return String(value).toLowerCase();
}
