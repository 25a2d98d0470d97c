import { composeMessage, type ErrorCode, RootstockError } from '../errors.ts';

/** Codes that reading data may raise, the most fundamental first: an error that lists several problems has the first one's code. */
const SEVERITY = [
  'FILE_NOT_FOUND',
  'DATA_UNREADABLE',
  'SQL_INVALID',
  'DATA_EMPTY',
  'COLUMN_NOT_FOUND',
  'COLUMN_TYPE',
  'COLUMN_RAGGED',
  'MOLECULE_INVALID',
  'DATA_NOT_FINITE',
  'LABEL_OUT_OF_RANGE',
  'ROW_ID_DUPLICATE',
] as const satisfies readonly ErrorCode[];

/** A code that reading data may raise. */
export type DataErrorCode = (typeof SEVERITY)[number];

/** What helps, by code; the sentence goes on with the `fix` of a problem. */
const FIXES: Readonly<Record<DataErrorCode, string>> = {
  FILE_NOT_FOUND: 'correct the path; in a run file it is relative to the run file, on a command line to the working directory',
  DATA_UNREADABLE: 'data files are .parquet, .csv, .tsv, .jsonl, .ndjson, .json or .sdf, named one by one or by a glob',
  SQL_INVALID: 'write one SELECT over the names under "files"; try it in the duckdb shell first',
  DATA_EMPTY: 'check the path, the query and the split fractions',
  COLUMN_NOT_FOUND: 'correct the name (x_features, y_features, row_id), or make the column in a sql source',
  COLUMN_TYPE: 'convert the column in a sql source, for example CAST(c AS DOUBLE), or leave it out',
  COLUMN_RAGGED: 'give every row of a list column as many values: cut or pad the lists in a sql source',
  MOLECULE_INVALID: 'correct these molecules or leave them out of the data',
  DATA_NOT_FINITE: 'fill these values or leave these rows out, for example with a sql source: SELECT * FROM t WHERE isfinite(c)',
  LABEL_OUT_OF_RANGE: 'list every label in model.config.classes, or leave these rows out',
  ROW_ID_DUPLICATE: 'name a column with another value in every row, or leave row_id out: the row number serves then',
};

/** What helps with DATA_NOT_FINITE where nothing is there, which isfinite does not look for. */
export const NULL_REMEDY = 'fill these values or leave these rows out, for example with a sql source: SELECT * FROM t WHERE c IS NOT NULL';

/** One thing wrong with the data. `where` names the source, split or column. */
export interface DataProblem {
  readonly code: DataErrorCode;
  readonly where: string;
  readonly text: string;
  /** Goes on where the code's fix ends. */
  readonly fix?: string;
  /** What helps with this very problem, where the code's fix does not. No full stop. */
  readonly remedy?: string;
}

/** A row as people know it: its id, and its place in its source counting from 0. */
export interface RowName {
  readonly id: string;
  readonly number: number;
}

/** A problem of one row. Problems with equal `code`, `where` and `kind` are counted together and the first five rows are named. */
export interface RowProblem extends DataProblem {
  readonly kind: string;
  readonly row: RowName;
}

/** Collects problems so that one error can name all of them. */
export interface Problems {
  readonly add: (problem: DataProblem) => void;
  addRow(problem: RowProblem): void;
  count(): number;
  /** Throws one RootstockError with every problem, if there is any. */
  throwIfAny(): void;
}

/** Creates an empty collection of problems. */
export function createProblems(): Problems {
  const single: DataProblem[] = [];
  const groups = new Map<string, { readonly first: RowProblem; readonly rows: RowName[]; count: number }>();
  return {
    add: (problem) => void single.push(problem),
    addRow: (problem) => {
      const key = JSON.stringify([problem.code, problem.where, problem.kind]);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { first: problem, rows: [problem.row], count: 1 });
      else if (++group.count <= 5) group.rows.push(problem.row);
    },
    count: () => single.length + groups.size,
    throwIfAny: () => {
      const all = [
        ...single.map(({ code, where, text }) => ({ code, where, text, rows: [] as readonly RowName[], count: 1 })),
        ...[...groups.values()].map(({ first, rows, count }) => ({
          code: first.code,
          where: first.where,
          text: `${nameRow(first.row)}: ${first.text}${count === 1 ? '' : `; ${count} rows in all`}`,
          rows,
          count,
        })),
      ].sort((a, b) => SEVERITY.indexOf(a.code) - SEVERITY.indexOf(b.code));
      const [worst] = all;
      if (worst === undefined) return;
      const headline = all.length === 1 ? 'The data cannot be used.' : `The data cannot be used: ${all.length} problems.`;
      const fix = fixOf(worst.code, [...single, ...[...groups.values()].map(({ first }) => first)]);
      throw new RootstockError(worst.code, composeMessage(headline, all, fix), { problems: all });
    },
  };
}

/** Names a row for people. Where the id is the row number, it is said once. */
export function nameRow({ id, number }: RowName): string {
  return id === String(number) ? `row ${number} (counting from 0)` : `row ${JSON.stringify(id)} (number ${number} counting from 0)`;
}

/** The error of a single problem. */
export function dataError(problem: DataProblem, cause?: unknown): RootstockError {
  const { code, where, text } = problem;
  return new RootstockError(
    code,
    composeMessage('The data cannot be used.', [problem], fixOf(code, [problem])),
    { where, text },
    { cause },
  );
}

/** Most remedies that one fix tells. */
const MOST_REMEDIES = 3;

/**
 * What helps with the worst problem: what always does, and what the first problem of its code that knows more adds; problems with remedies
 * of their own tell these instead.
 */
function fixOf(code: DataErrorCode, problems: readonly DataProblem[]): string {
  const own = problems.filter((problem) => problem.code === code);
  const more = own.find(({ fix }) => fix !== undefined)?.fix ?? '';
  const all = new Set(own.map(({ remedy }) => remedy ?? `${FIXES[code]}${more}`));
  return `${[...all].slice(0, MOST_REMEDIES).join('; ')}.`;
}
