import { GRAPH_HEADS, type GraphHead, MOST_BATCH_EDGES } from '../../contracts/graphs.ts';
import { plural } from '../../contracts/plural.ts';
import { type ListCell, nameEntry, shapeText } from '../nested-lists.ts';
import { NULL_REMEDY } from '../problems.ts';
import { checkEdges } from './check-edges.ts';
import { type CellOf, checkTargets, type MoleculeTargets } from './check-targets.ts';
import type { CellRole } from './molecule-cells.ts';
import type { MoleculeContext } from './molecule-context.ts';

/** One molecule of n atoms and m bonds, checked. */
export interface Molecule {
  /** [n] classes. */
  readonly atomNumbers: Int32Array;
  /** [n, 3] Angstrom. */
  readonly coordinates: Float32Array;
  /** [n, F]; empty without such features. */
  readonly nodeAttrs: Float32Array;
  /** [m, 2] and [m, F]; null when the model reads no bonds. */
  readonly bonds: { readonly pairs: Uint32Array; readonly attrs: Float32Array } | null;
  /** [F]; empty without such features. */
  readonly graphAttrs: Float32Array;
  readonly totalAtomicEnergy: number | null;
  readonly targets: MoleculeTargets;
  /** Edges within the base's cut_off, a lower bound beyond MOST_BATCH_EDGES; 0 when they are not counted. */
  readonly edges: number;
}

/** Checks the cells of one row and makes them a molecule; null when something is wrong with it, which has then been reported. */
export function checkMolecule(cells: readonly (CellOf & { readonly role: CellRole })[], context: MoleculeContext): Molecule | null {
  let failed = false;
  const own: MoleculeContext = {
    ...context,
    report: (problem) => {
      failed = true;
      context.report(problem);
    },
  };
  const of = (role: CellRole) => cells.filter((cell) => cell.role === role);
  const [numbers] = of('atomNumbers');
  const [places] = of('coordinates');
  const atomNumbers = numbers === undefined ? new Int32Array() : readNumbers(numbers, own);
  const atoms = atomNumbers.length;
  const coordinates = places === undefined || atoms === 0 ? new Float32Array() : readCoordinates(places, atoms, own);
  const [attrs] = of('nodeAttrs');
  const nodeAttrs = attrs === undefined || atoms === 0 ? new Float32Array() : readLines(attrs, { lines: atoms, what: 'atom' }, own);
  const graphAttrs = Float32Array.from(of('graphAttrs').flatMap((cell) => [...readLine(cell, own)]));
  const [energy] = of('totalAtomicEnergy');
  const totalAtomicEnergy = energy === undefined ? null : (readLine(energy, own)[0] ?? 0);
  const bonds = readBonds(of('edgeIdxs')[0], of('edgeAttrs')[0], { atoms, context: own });
  if (failed || atoms === 0) return null;
  const edges = checkEdges(
    { coordinates, pairs: bonds?.pairs ?? null, column: places?.name ?? '', bondColumn: of('edgeIdxs')[0]?.name ?? '' },
    own,
  );
  const heads = GRAPH_HEADS.map((head): readonly [GraphHead, readonly CellOf[]] => [head, of(head)]);
  const counted = context.neighbours !== null && edges <= MOST_BATCH_EDGES;
  const targets = checkTargets(heads, { atoms, edges: counted ? edges : null, context: own });
  return failed ? null : { atomNumbers, coordinates, nodeAttrs, bonds, graphAttrs, totalAtomicEnergy, targets, edges };
}

function readNumbers({ name, cell }: CellOf, { graph, report }: MoleculeContext): Int32Array {
  const invalid = (kind: string, text: string) => {
    report({ code: 'MOLECULE_INVALID', column: name, kind, text });
    return new Int32Array();
  };
  if (typeof cell === 'string') return invalid('shape', cell);
  if (cell === null || cell.values.length === 0) return invalid('empty', 'a molecule with no atoms');
  const { numElements } = graph;
  const bad = cell.values.findIndex((value) => !(Number.isInteger(value) && value >= 0 && value < numElements));
  if (bad === -1) return Int32Array.from(cell.values);
  return invalid(
    'class',
    `atom ${bad}: expected a class 0 .. ${numElements - 1} (num_elements: ${numElements}), received ${nameEntry(cell, bad)}; atomic numbers have to be mapped to classes`,
  );
}

function readCoordinates({ name, cell }: CellOf, atoms: number, { report }: MoleculeContext): Float32Array {
  const none = new Float32Array();
  const received = cell === null ? 'no list' : typeof cell === 'string' ? cell : `a list of shape ${shapeText(cell.shape)}`;
  if (cell === null || typeof cell === 'string' || cell.shape[0] !== atoms || cell.shape[1] !== 3) {
    report({
      code: 'MOLECULE_INVALID',
      column: name,
      kind: 'shape',
      text: `expected [x, y, z] for each of ${atoms} ${plural(atoms, 'atom')}, received ${received}`,
    });
    return none;
  }
  return toFinite(cell, name, report);
}

/** [lines, F], F being what the first row has. */
function readLines(
  { name, cell }: CellOf,
  { lines, what }: { readonly lines: number; readonly what: string },
  { widths, report }: MoleculeContext,
): Float32Array {
  const received = cell === null ? 'no list' : typeof cell === 'string' ? cell : `a list of shape ${shapeText(cell.shape)}`;
  const width = cell === null || typeof cell === 'string' ? undefined : cell.shape[1];
  if (lines > 0 && width !== undefined && width > 0 && !widths.has(name)) widths.set(name, width);
  const wanted = widths.get(name) ?? 1;
  if (cell === null || typeof cell === 'string' || cell.shape[0] !== lines || (lines > 0 && width !== wanted)) {
    const text = `expected ${wanted} ${plural(wanted, 'value')} for each of ${lines} ${plural(lines, what)}, received ${received}`;
    report({ code: 'COLUMN_RAGGED', column: name, text });
    return new Float32Array();
  }
  return toFinite(cell, name, report);
}

/** [F]: one number, or a list as long as that of the first row. */
function readLine({ name, cell }: CellOf, { widths, report }: MoleculeContext): Float32Array {
  const values = cell === null || typeof cell === 'string' ? [] : cell.values;
  if (values.length > 0 && !widths.has(name)) widths.set(name, values.length);
  const wanted = widths.get(name) ?? 1;
  if (cell === null || typeof cell === 'string' || values.length !== wanted) {
    report({
      code: 'COLUMN_RAGGED',
      column: name,
      text: `expected ${wanted} ${plural(wanted, 'value')} as in the first row, received ${values.length}`,
    });
    return new Float32Array(wanted);
  }
  return toFinite(cell, name, report);
}

function readBonds(
  idxs: CellOf | undefined,
  attrs: CellOf | undefined,
  { atoms, context }: { readonly atoms: number; readonly context: MoleculeContext },
): Molecule['bonds'] {
  if (idxs === undefined || attrs === undefined) return null;
  const { name, cell } = idxs;
  const invalid = (kind: string, text: string): null => {
    context.report({ code: 'MOLECULE_INVALID', column: name, kind, text });
    return null;
  };
  if (cell === null || typeof cell === 'string') return invalid('shape', cell ?? 'expected a list of pairs of atoms, received no list');
  const [bonds = 0, ends = 0] = cell.shape;
  if (bonds > 0 && ends !== 2) return invalid('shape', `expected pairs of atoms, received a list of shape ${shapeText(cell.shape)}`);
  const bad = cell.values.findIndex((value) => !(Number.isInteger(value) && value >= 0 && value < atoms));
  if (bad !== -1 && atoms > 0) {
    return invalid('index', `bond ${bad >> 1}: expected atoms 0 .. ${atoms - 1}, received ${nameEntry(cell, bad)}`);
  }
  return { pairs: Uint32Array.from(cell.values), attrs: readLines(attrs, { lines: bonds, what: 'bond' }, context) };
}

/** Rounds to float32; the first number that is none is reported. */
function toFinite(cell: ListCell, column: string, report: MoleculeContext['report']): Float32Array {
  const { values, nulls } = cell;
  const single = Float32Array.from(values);
  const bad = single.findIndex((value) => value - value !== 0);
  if (bad !== -1) {
    const text = `expected finite numbers, received ${nameEntry(cell, bad)}${values.length === 1 ? '' : ` at place ${bad} of the list`}`;
    report({ code: 'DATA_NOT_FINITE', column, text, ...(nulls?.has(bad) === true ? { kind: 'null', remedy: NULL_REMEDY } : {}) });
  }
  return single;
}
