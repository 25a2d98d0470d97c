import type { GraphColumns } from '../../contracts/graphs.ts';
import type { JsonObject } from '../../contracts/json.ts';
import { RootstockError } from '../../errors.ts';
import { createFeaturiser, type Featuriser, providedColumns } from '../../molecules/featuriser.ts';
import { findRowId, missingColumn, rowIdSql, wrongType } from '../columns.ts';
import { findEmptySource } from '../empty-source.ts';
import type { DataProblem } from '../problems.ts';
import { SDF_COLUMNS } from '../sdf-table.ts';
import { type ColumnInfo, quoteName } from '../session.ts';
import type { OpenSource } from '../source.ts';
import { type WantedCell, wantedCells } from './molecule-cells.ts';

/** Which molecules are read. */
export interface WantedMolecules {
  readonly graph: GraphColumns;
  readonly featurisation: JsonObject | null;
  /** False for prediction. */
  readonly withTargets: boolean;
}

/** A wanted column and where its cells come from: a column of the query, or the featuriser. */
export interface PlacedCell extends WantedCell {
  readonly from: { readonly kind: 'column'; readonly at: number; readonly depth: number } | { readonly kind: 'featuriser' };
}

/** Columns of molecules, found and typed. `sql` selects the row id (when it is a column), the cells that are there, the featuriser's inputs. */
export interface MoleculeLayout {
  readonly sql: string;
  readonly idKind: 'int64' | 'text' | 'row_number';
  readonly cells: readonly PlacedCell[];
  readonly featuriser: { readonly featurise: Featuriser['featurise']; readonly fields: Featuriser['fields'] } | null;
  /** The featuriser's inputs and their places in the query. */
  readonly inputs: readonly { readonly name: string; readonly at: number }[];
  /** What a person should know of how they are read. Whole sentences. */
  readonly warnings: readonly string[];
}

/**
 * Finds the columns of molecules in a source, or says everything that is wrong with them: COLUMN_NOT_FOUND, COLUMN_TYPE. Columns that the
 * featurisation provides are read when all of them are there, and made from its inputs otherwise; where an SD file lacks the column that the
 * featurisation names, its mol blocks are read, with a warning. A source without rows is DATA_EMPTY. Fails with what `createFeaturiser` says.
 */
export async function layOutMolecules(source: OpenSource, wanted: WantedMolecules): Promise<MoleculeLayout | readonly DataProblem[]> {
  const cells = wantedCells(wanted.graph, wanted.withTargets);
  const has = (name: string): boolean => source.columns.some((column) => column.name === name);
  const chosen = await chooseFeaturiser(source, { wanted, cells }).catch(async (error: unknown) => {
    const empty = await findEmptySource(source);
    if (empty === undefined) throw error;
    return empty;
  });
  if ('code' in chosen) return [chosen];
  const { featuriser, provided } = chosen;
  const problems: DataProblem[] = [];
  const idKind = findRowId(source, problems);
  const select: string[] = rowIdSql(source, idKind);
  const placed: PlacedCell[] = [];
  for (const cell of cells) {
    if (provided.includes(cell.name)) {
      placed.push({ ...cell, from: { kind: 'featuriser' } });
      continue;
    }
    const column = source.columns.find(({ name }) => name === cell.name);
    if (column === undefined) problems.push(missingCell(cell, source));
    else if (!isNumeric(column) || !cell.depths.includes(column.depth)) problems.push(await wrongType(source, column, cell.expected));
    else {
      placed.push({ ...cell, from: { kind: 'column', at: select.length, depth: column.depth } });
      select.push(`CAST(${quoteName(cell.name)} AS DOUBLE${'[]'.repeat(column.depth)})`);
    }
  }
  const inputs = (featuriser?.inputs ?? []).filter(has).map((name) => {
    select.push(quoteName(name));
    return { name, at: select.length - 1 };
  });
  if (problems.length > 0) {
    const empty = await findEmptySource(source);
    return empty === undefined ? problems : [empty];
  }
  const order = source.hasFileOrder ? '' : ' ORDER BY 1';
  return {
    sql: `SELECT ${select.join(', ')} FROM ${source.view}${order}`,
    idKind,
    cells: placed,
    featuriser,
    inputs,
    warnings: warnOfSdf(source, featuriser),
  };
}

/** A saved model names the column that it was trained with, and nothing on a command line names another. */
function warnOfSdf({ where }: OpenSource, featuriser: Featuriser | null): readonly string[] {
  const missing = featuriser?.insteadOf ?? null;
  if (missing === null) return [];
  return [`${where}: the SD file has no "${missing}", which the featurisation reads; the molecules are read from its mol blocks instead.`];
}

/** A column that is neither there nor made. The energy of the atoms is made from atomic_energies only. */
function missingCell({ name, role }: WantedCell, source: OpenSource): DataProblem {
  const problem = missingColumn(name, role.startsWith('y_') ? 'y_features' : 'x_features', source);
  if (role !== 'totalAtomicEnergy') return problem;
  return { ...problem, fix: `; data.featurisation with atomic_energies makes ${name}, see docs/molecules.md` };
}

/** An empty list of lists in every row of a JSON file has no element type: it reads as JSON, and is as good as numbers. */
function isNumeric({ kind, type }: ColumnInfo): boolean {
  return kind === 'integer' || kind === 'real' || kind === 'boolean' || /^JSON(\[\])+$/.test(type);
}

async function chooseFeaturiser(
  source: OpenSource,
  { wanted, cells }: { readonly wanted: WantedMolecules; readonly cells: readonly WantedCell[] },
): Promise<{ readonly featuriser: Featuriser | null; readonly provided: readonly string[] }> {
  const names = source.columns.map(({ name }) => name);
  if (wanted.featurisation === null) return { featuriser: null, provided: [] };
  const outputs = providedColumns(wanted.featurisation);
  const provided = cells.map(({ name }) => name).filter((name) => outputs.includes(name));
  if (provided.every((name) => names.includes(name))) return { featuriser: null, provided: [] };
  try {
    const otherwise = source.files?.format === 'sdf' ? { otherColumn: SDF_COLUMNS.molBlock } : {};
    return { featuriser: await createFeaturiser(wanted.featurisation, names, otherwise), provided };
  } catch (error) {
    if (!(error instanceof RootstockError)) throw error;
    const missing = provided.filter((name) => !names.includes(name)).map((name) => `"${name}"`);
    const which = error.code === 'COLUMN_NOT_FOUND' ? `x_features names columns that are not there: ${missing.join(', ')}. ` : '';
    throw new RootstockError(
      error.code,
      `${source.where}: ${which}${error.message}`,
      { ...error.details, where: source.where },
      { cause: error },
    );
  }
}
