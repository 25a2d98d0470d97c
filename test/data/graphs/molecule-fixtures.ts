import { writeFile } from 'node:fs/promises';
import type { GraphColumns, NeighbourPlan } from '../../../src/contracts/graphs.ts';
import type { DataRequest } from '../../../src/contracts/plan.ts';
import { files } from '../data-fixtures.ts';

/** Columns of water-like molecules: classes, coordinates and u0. */
export const COLUMNS: GraphColumns = {
  numElements: 5,
  atomNumbers: 'n',
  coordinates: 'r',
  nodeAttrs: null,
  edgeIdxs: null,
  edgeAttrs: null,
  graphAttrs: [],
  totalAtomicEnergy: null,
  targets: { y_graph_scalars: ['u0'] },
  maskedHeads: [],
};

export const NEIGHBOURS: NeighbourPlan = { cutOff: 2, selfInteraction: false, cell: null };

/** A request for molecules of one file, which is the training split. */
export function molecules(path: string, columns: Partial<GraphColumns> = {}, rest: Partial<DataRequest> = {}): DataRequest {
  return {
    sources: { kind: 'separate', train: files(path), validation: null, test: null },
    rowId: null,
    x: [],
    y: ['u0'],
    task: 'regression',
    classes: null,
    graph: { ...COLUMNS, ...columns },
    neighbours: NEIGHBOURS,
    ...rest,
  };
}

/** Three atoms in a bent line, 1 Angstrom apart, and everything that a column of molecules can hold. */
export const WATER = {
  n: [3, 0, 0],
  r: [
    [0, 0, 0],
    [1, 0, 0],
    [0, 1, 0],
  ],
  q: [
    [0.5, 1],
    [1.5, 2],
    [2.5, 3],
  ],
  b: [
    [0, 1],
    [0, 2],
  ],
  o: [
    [1, 0],
    [0, 1],
  ],
  g: [7, 8],
  t: 300,
  e: -2,
  u0: -76.5,
  f: [
    [1, 2, 3],
    [4, 5, 6],
    [7, 8, 9],
  ],
  z: [10, 11, 12],
  d: [1, 2, 3, 4, 5, 6],
};

/** Writes rows as JSONL. */
export async function writeRows(path: string, rows: readonly object[]): Promise<void> {
  await writeFile(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}
