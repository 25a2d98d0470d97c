import { columnPlace } from './columns.ts';
import type { Problems } from './problems.ts';
import { quoteName } from './session.ts';
import type { OpenSource } from './source.ts';

/** Watches the row ids of one source for repetition. */
export interface DuplicateCheck {
  watch(ids: readonly (bigint | string)[]): void;
  /** Adds a ROW_ID_DUPLICATE problem if any id names several rows. */
  finish(problems: Problems): Promise<void>;
}

interface Duplicate {
  readonly id: string;
  count: number;
}

/**
 * Creates the check that suits the source: rows sorted by id show repetition in passing; for others DuckDB groups the column,
 * which can spill, where the ids of a large file would fill a JavaScript set.
 */
export function createDuplicateCheck(source: OpenSource): DuplicateCheck {
  const { rowId } = source;
  if (rowId === null) return { watch: () => undefined, finish: async () => undefined };
  const place = columnPlace(source.where, rowId);
  if (source.hasFileOrder) {
    return {
      watch: () => undefined,
      finish: async (problems) => addProblem(place, await findInFiles(source, rowId), problems),
    };
  }
  const found: Duplicate[] = [];
  let previous: bigint | string | undefined;
  return {
    watch: (ids) => {
      for (const id of ids) {
        const last = found.at(-1);
        if (id !== previous) previous = id;
        else if (last?.id === String(id)) last.count++;
        else found.push({ id: String(id), count: 2 });
      }
    },
    finish: async (problems) => addProblem(place, found, problems),
  };
}

function addProblem(where: string, found: readonly Duplicate[], problems: Problems): void {
  if (found.length === 0) return;
  const shown = found.slice(0, 5).map(({ id, count }) => `${JSON.stringify(id)} (${count} rows)`);
  const text = `these ids name more than one row: ${shown.join(', ')}${found.length > 5 ? ' and more' : ''}`;
  problems.add({ code: 'ROW_ID_DUPLICATE', where, text });
}

async function findInFiles({ session, view, toError }: OpenSource, rowId: string): Promise<readonly Duplicate[]> {
  const id = quoteName(rowId);
  const groups = `SELECT CAST(${id} AS VARCHAR) AS id, count(*) AS rows FROM ${view} WHERE ${id} IS NOT NULL GROUP BY ${id}`;
  const rows = await session.rows(`${groups} HAVING count(*) > 1 ORDER BY 1 LIMIT 6`).catch((error: unknown) => {
    throw toError(error);
  });
  return rows.map(({ id: name = '', rows: count }) => ({ id: name, count: Number(count) }));
}
