import type { DuckDBDataChunk, DuckDBVector } from '@duckdb/node-api';
import type { GraphColumns, MoleculeFeatures, NeighbourPlan } from '../../contracts/graphs.ts';
import { RootstockError } from '../../errors.ts';
import { columnPlace } from '../columns.ts';
import { type ListCell, readListCell, scalarCell } from '../nested-lists.ts';
import type { Problems, RowName } from '../problems.ts';
import { readIds } from '../read-ids.ts';
import { quoteName } from '../session.ts';
import type { OpenSource } from '../source.ts';
import { checkMolecule, type Molecule } from './check-molecule.ts';
import type { MoleculeContext } from './molecule-context.ts';
import type { MoleculeLayout, PlacedCell } from './molecule-layout.ts';

/** Consecutive molecules of a source. */
export interface MoleculeBlock {
  /** Number of the first row in its source, counting from 0. */
  readonly firstRow: number;
  readonly ids: readonly (bigint | string)[];
  /** Null where there was a problem. */
  readonly molecules: readonly (Molecule | null)[];
}

/** What reading molecules needs to know and finds out on the way, shared by all sources of a run. */
export interface MoleculeReading {
  readonly graph: GraphColumns;
  /** The base's neighbours, for counting edges; null: not counted. */
  readonly neighbours: NeighbourPlan | null;
  readonly problems: Problems;
  /** Values per atom, bond, molecule or line of each column that is a list of them; the first row that has any decides. */
  readonly widths: Map<string, number>;
}

/** A cell of a row: its content, null for none, or text: what is wrong with its shape. */
export type Cell = ListCell | string | null;

/**
 * Reads molecules in the source's order as float32 values. Problems are collected, not thrown: MOLECULE_INVALID, COLUMN_RAGGED and
 * DATA_NOT_FINITE, each naming its row.
 */
export async function* readMolecules(source: OpenSource, layout: MoleculeLayout, reading: MoleculeReading): AsyncGenerator<MoleculeBlock> {
  let firstRow = 0;
  try {
    for await (const chunk of source.session.stream(layout.sql)) {
      yield readChunk(chunk, { source, layout, reading, firstRow });
      firstRow += chunk.rowCount;
    }
  } catch (error) {
    throw source.toError(error);
  }
}

interface ChunkInput {
  readonly source: OpenSource;
  readonly layout: MoleculeLayout;
  readonly reading: MoleculeReading;
  readonly firstRow: number;
}

function readChunk(chunk: DuckDBDataChunk, { source, layout, reading, firstRow }: ChunkInput): MoleculeBlock {
  const { where, rowId } = source;
  const ids = readIds(chunk, { where, rowId, idKind: layout.idKind, problems: reading.problems, firstRow });
  const vectors = Array.from({ length: chunk.columnCount }, (_, at) => chunk.getColumnVector(at));
  const molecules = ids.map((id, row) => {
    const name: RowName = { id: String(id), number: firstRow + row };
    const context: MoleculeContext = {
      ...reading,
      report: ({ code, column, kind = '', text, remedy }) => {
        const fix = code === 'MOLECULE_INVALID' ? leaveOut(name, { rowId, idKind: layout.idKind }) : {};
        const own = remedy === undefined ? {} : { remedy };
        reading.problems.addRow({ code, where: columnPlace(where, column), kind, text, row: name, ...fix, ...own });
      },
    };
    const features = layout.featuriser === null ? null : featurise(layout, vectors, { row, context });
    if (features === undefined) return null;
    const cells = layout.cells.map((cell) => ({ ...cell, cell: takeCell(cell, { vectors, row, features, layout }) }));
    return checkMolecule(cells, context);
  });
  return { firstRow, ids, molecules };
}

/** The query that leaves a row out. Without a column of row ids there is none. */
function leaveOut(
  { id }: RowName,
  { rowId, idKind }: { readonly rowId: string | null; readonly idKind: MoleculeLayout['idKind'] },
): { readonly fix?: string } {
  if (rowId === null || idKind === 'row_number') return {};
  const column = /^[a-z_][a-z0-9_]*$/iu.test(rowId) ? rowId : quoteName(rowId);
  const value = idKind === 'int64' ? id : `'${id.replaceAll("'", "''")}'`;
  return { fix: `, for example with a sql source: SELECT * FROM t WHERE ${column} <> ${value}` };
}

/** Undefined when the row cannot be featurised, which has then been reported. */
function featurise(
  { featuriser, inputs }: MoleculeLayout,
  vectors: readonly DuckDBVector[],
  { row, context }: { readonly row: number; readonly context: MoleculeContext },
): MoleculeFeatures | undefined {
  try {
    return featuriser?.featurise(Object.fromEntries(inputs.map(({ name, at }) => [name, toPlain(vectors[at]?.getItem(row))])));
  } catch (error) {
    if (!(error instanceof RootstockError) || error.code !== 'MOLECULE_INVALID') throw error;
    const { column = inputs[0]?.name ?? '' } = error.details as { readonly column?: string };
    context.report({ code: 'MOLECULE_INVALID', column, kind: 'featurise', text: error.message.replace(`${column}: `, '') });
    return undefined;
  }
}

/** Lists of DuckDB as arrays, blobs as bytes; everything else as it is. */
function toPlain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('items' in value && Array.isArray(value.items)) return value.items.map(toPlain);
  if ('bytes' in value) return value.bytes;
  return value;
}

interface CellInput {
  readonly vectors: readonly DuckDBVector[];
  readonly row: number;
  readonly features: MoleculeFeatures | null;
  readonly layout: MoleculeLayout;
}

function takeCell({ name, from }: PlacedCell, { vectors, row, features, layout }: CellInput): Cell {
  if (from.kind === 'featuriser') {
    const field = layout.featuriser?.fields[name];
    return field === undefined || features === null ? null : featureCell(features, field);
  }
  const vector = vectors[from.at];
  if (vector === undefined) return null;
  if (from.depth > 0) return readListCell(vector, row, from.depth);
  return scalarCell(vector.getItem(row) as number | null);
}

function featureCell(features: MoleculeFeatures, field: keyof MoleculeFeatures): Cell {
  const { atomNumbers, coordinates } = features;
  if (field === 'atomNumbers') return { values: Array.from(atomNumbers), shape: [atomNumbers.length] };
  if (field === 'coordinates') return { values: Array.from(coordinates), shape: [coordinates.length / 3, 3] };
  if (field === 'totalAtomicEnergy') return { values: [features.totalAtomicEnergy ?? Number.NaN], shape: [] };
  const rows = features[field];
  return rows === null ? null : { values: rows.flat(), shape: [rows.length, rows[0]?.length ?? 0] };
}
