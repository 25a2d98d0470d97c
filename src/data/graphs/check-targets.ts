import type { GraphHead } from '../../contracts/graphs.ts';
import { plural } from '../../contracts/plural.ts';
import { type ListCell, nameEntry, shapeText } from '../nested-lists.ts';
import { NULL_REMEDY } from '../problems.ts';
import type { MoleculeContext } from './molecule-context.ts';

/** A cell and the name of its column. Null: no list. Text: what is wrong with its shape. */
export interface CellOf {
  readonly name: string;
  readonly cell: ListCell | string | null;
}

/** Targets of one molecule: `lines` molecules, atoms or edges, `width` values each, NaN where one is missing. */
export type MoleculeTargets = Readonly<
  Partial<Record<GraphHead, { readonly values: Float32Array; readonly lines: number; readonly width: number }>>
>;

interface TargetInput {
  readonly atoms: number;
  /** Edges within the base's cut_off; null: not known. */
  readonly edges: number | null;
  readonly context: MoleculeContext;
}

/** Joins the columns of each head; scalars of a head stand side by side. Problems are COLUMN_RAGGED and DATA_NOT_FINITE. */
export function checkTargets(heads: readonly (readonly [GraphHead, readonly CellOf[]])[], input: TargetInput): MoleculeTargets {
  return Object.fromEntries(
    heads.flatMap(([head, cells]) => {
      const [first] = cells;
      if (first === undefined) return [];
      const joined = head.endsWith('vector') ? readVector(head, first, input) : readScalars(head, cells, input);
      return joined === null ? [] : [[head, joined]];
    }),
  );
}

/** How many lines a head has for this molecule, and what one is. Null: any number. */
function linesOf(head: GraphHead, { atoms, edges }: TargetInput): { readonly lines: number | null; readonly what: string } {
  if (head.startsWith('y_graph')) return { lines: 1, what: 'molecule' };
  return head.startsWith('y_node')
    ? { lines: atoms, what: plural(atoms, 'atom') }
    : { lines: edges, what: `${plural(edges ?? 0, 'edge')} within cut_off` };
}

function readScalars(head: GraphHead, cells: readonly CellOf[], input: TargetInput): MoleculeTargets[GraphHead] | null {
  const { lines: known, what } = linesOf(head, input);
  const { report, graph } = input.context;
  const isMasked = graph.maskedHeads.includes(head);
  const lines = known ?? cells.flatMap(({ cell }) => (cell === null || typeof cell === 'string' ? [] : [cell.values.length]))[0] ?? 0;
  const width = cells.length;
  const values = new Float32Array(lines * width).fill(Number.NaN);
  for (const [k, { name, cell }] of cells.entries()) {
    // A missing list leaves every target of the molecule missing.
    if (cell === null && isMasked) continue;
    if (cell === null || typeof cell === 'string' || cell.values.length !== lines) {
      const received = cell === null ? 'no list' : typeof cell === 'string' ? cell : `${cell.values.length}`;
      report({ code: 'COLUMN_RAGGED', column: name, text: `expected a target for each of ${lines} ${what}, received ${received}` });
      return null;
    }
    for (let line = 0; line < lines; line++) values[line * width + k] = cell.values[line] as number;
    checkNumbers(cell, name, { head, context: input.context });
  }
  return { values, lines, width };
}

function readVector(head: GraphHead, { name, cell }: CellOf, input: TargetInput): MoleculeTargets[GraphHead] | null {
  const { lines: known, what } = linesOf(head, input);
  const { widths, report } = input.context;
  const shape = cell === null || typeof cell === 'string' ? null : head === 'y_graph_vector' ? [1, ...cell.shape] : cell.shape;
  const lines = known ?? shape?.[0] ?? 0;
  const width = shape?.[1] ?? 0;
  if (width > 0 && !widths.has(name)) widths.set(name, width);
  const wanted = widths.get(name) ?? 1;
  if (cell === null || typeof cell === 'string' || shape?.[0] !== lines || (lines > 0 && width !== wanted)) {
    const received = cell === null ? 'no list' : typeof cell === 'string' ? cell : `a list of shape ${shapeText(cell.shape)}`;
    const text = `expected a vector of ${wanted} ${plural(wanted, 'value')} for each of ${lines} ${what}, received ${received}`;
    report({ code: 'COLUMN_RAGGED', column: name, text });
    return null;
  }
  checkNumbers(cell, name, { head, context: input.context });
  return { values: Float32Array.from(cell.values), lines, width: wanted };
}

/** A missing target is allowed where the loss leaves it out; an infinite one never. */
function checkNumbers(
  cell: ListCell,
  column: string,
  { head, context: { graph, report } }: { readonly head: GraphHead; readonly context: MoleculeContext },
): void {
  const { values, nulls } = cell;
  const isMasked = graph.maskedHeads.includes(head);
  const bad = values.findIndex((value) => (Number.isNaN(value) ? !isMasked : !Number.isFinite(Math.fround(value))));
  if (bad === -1) return;
  const isMissing = Number.isNaN(values[bad]);
  const place = values.length === 1 ? '' : ` at place ${bad} of the list`;
  const text = isMissing
    ? `the target is missing (${nameEntry(cell, bad)})${place}, and the loss of ${head} reads every target; MaskedMSELoss and MultiTaskLoss leave missing ones out`
    : `expected finite numbers, received ${nameEntry(cell, bad)}${place}`;
  report({ code: 'DATA_NOT_FINITE', column, text, ...(nulls?.has(bad) === true ? { kind: 'null', remedy: NULL_REMEDY } : {}) });
}
