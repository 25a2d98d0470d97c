import type { DuckDBDataChunk } from '@duckdb/node-api';
import { columnPlace } from './columns.ts';
import type { Problems } from './problems.ts';

/** Where row ids come from. */
export interface IdsInput {
  readonly where: string;
  readonly rowId: string | null;
  readonly idKind: 'int64' | 'text' | 'row_number';
  readonly problems: Problems;
  /** Number of the chunk's first row in its source, counting from 0. */
  readonly firstRow: number;
}

/** Reads the ids of a chunk's rows, from its first column unless the row number serves. A missing one is a DATA_NOT_FINITE problem. */
export function readIds(chunk: DuckDBDataChunk, { where, rowId, idKind, problems, firstRow }: IdsInput): readonly (bigint | string)[] {
  if (idKind === 'row_number') return Array.from({ length: chunk.rowCount }, (_, row) => BigInt(firstRow + row));
  const vector = chunk.getColumnVector(0);
  return Array.from({ length: chunk.rowCount }, (_, row) => {
    const id = vector.getItem(row);
    if (typeof id === 'bigint' || typeof id === 'string') return id;
    const name = { id: String(firstRow + row), number: firstRow + row };
    const text = 'the row id is missing (null)';
    const remedy = 'give every row an id, or leave row_id out: the row number serves then';
    problems.addRow({ code: 'DATA_NOT_FINITE', where: columnPlace(where, rowId ?? ''), kind: 'id', text, row: name, remedy });
    return idKind === 'int64' ? 0n : '';
  });
}
