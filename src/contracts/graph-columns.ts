import { composeMessage, type Problem, RootstockError } from '../errors.ts';
import { cellVolume, GRAPH_HEADS, type GraphColumns, type GraphHead, type NeighbourPlan } from './graphs.ts';
import type { Json, JsonObject } from './json.ts';

/** Column names and values that physicsml 0.6.0's datamodule has when they are not written (PhysicsMLDataModuleConfig). */
export const MOLECULE_DEFAULTS = {
  atomic_numbers_col: 'physicsml_atom_numbers',
  coordinates_col: 'physicsml_coordinates',
  node_attrs_col: 'physicsml_atom_features',
  edge_attrs_col: 'physicsml_bond_features',
  node_idxs_col: 'physicsml_atom_idxs',
  edge_idxs_col: 'physicsml_bond_idxs',
  graph_attrs_cols: null,
  total_atomic_energy_col: 'physicsml_total_atomic_energy',
  cut_off: 5.0,
  pbc: null,
  cell: null,
  self_interaction: false,
} as const;

/** Where the base's datamodule is. */
const DATAMODULE = 'model.config.datamodule';

/** What is read, from the model's configuration. */
export interface GraphColumnsInput {
  /** The base's datamodule section, complete or as written: what is absent has physicsml's default. */
  readonly datamodule: JsonObject;
  /** x_features and y_features. */
  readonly x: readonly string[];
  readonly y: readonly string[];
}

/**
 * Says which columns of a table of molecules are read. As in physicsml a column counts only when it is in x_features, so the total atomic
 * energy is added only then, and bonds count only with both their pairs and their features. Targets of a head come in the order of
 * y_features, features of molecules in that of their names.
 *
 * Errors: CONFIG_INVALID with every problem: num_elements below 1, a needed column outside x_features, an x feature that the datamodule
 * does not name, a target that is in no head or in two, a head's column outside y_features.
 */
export function graphColumnsOf(
  datamodule: JsonObject,
  x: readonly string[],
  y: readonly string[],
  maskedHeads: readonly GraphHead[],
): GraphColumns {
  refuse('The columns of the molecules are not settled.', graphColumnProblems({ datamodule, x, y }));
  const given = (key: ColumnKey): string | null => (x.includes(columnOf(datamodule, key)) ? columnOf(datamodule, key) : null);
  const edgeIdxs = given('edge_idxs_col');
  const edgeAttrs = given('edge_attrs_col');
  const targets = Object.fromEntries(
    GRAPH_HEADS.flatMap((head) => {
      const columns = headColumns(datamodule, head);
      return columns.length === 0 ? [] : [[head, y.filter((name) => columns.includes(name))]];
    }),
  );
  return {
    numElements: datamodule['num_elements'] as number,
    atomNumbers: columnOf(datamodule, 'atomic_numbers_col'),
    coordinates: columnOf(datamodule, 'coordinates_col'),
    nodeAttrs: given('node_attrs_col'),
    edgeIdxs: edgeAttrs === null ? null : edgeIdxs,
    edgeAttrs: edgeIdxs === null ? null : edgeAttrs,
    graphAttrs: graphAttrColumns(datamodule),
    totalAtomicEnergy: given('total_atomic_energy_col'),
    targets,
    maskedHeads: maskedHeads.filter((head) => Object.hasOwn(targets, head)),
  };
}

/** Everything that `graphColumnsOf` would refuse. Names of the wrong type are all that is said where there are any. */
export function graphColumnProblems({ datamodule, x, y }: GraphColumnsInput): readonly Problem[] {
  const problems: Problem[] = [...nameProblems(datamodule)];
  if (problems.length > 0) return problems;
  const add = (key: string, text: string) => problems.push({ where: `${DATAMODULE}.${key}`, text });
  const numElements = datamodule['num_elements'];
  if (!Number.isSafeInteger(numElements) || !((numElements as number) >= 1)) {
    add(
      'num_elements',
      `expected how many kinds of atoms there are, a whole number >= 1, received ${JSON.stringify(numElements) ?? 'nothing'}`,
    );
  }
  for (const key of ['atomic_numbers_col', 'coordinates_col'] as const) {
    const column = columnOf(datamodule, key);
    if (!x.includes(column)) add(key, `"${column}" is needed and has to be in x_features`);
  }
  for (const column of graphAttrColumns(datamodule)) {
    if (!x.includes(column)) add('graph_attrs_cols', `"${column}" has to be in x_features`);
  }
  const known = [...COLUMN_KEYS.map((key) => columnOf(datamodule, key)), ...graphAttrColumns(datamodule)];
  for (const column of x.filter((name) => !known.includes(name))) {
    problems.push({
      where: 'model.config.x_features',
      text: `"${column}" is no column that the datamodule names: ${known.join(', ')}; name it in graph_attrs_cols or in one of the *_col keys`,
    });
  }
  return [...problems, ...targetProblems(datamodule, y)];
}

/** Every key that names columns and whose value is no name, or no list of names where it may be one. Null is what absent means. */
function nameProblems(datamodule: JsonObject): readonly Problem[] {
  const isNames = (value: Json) => Array.isArray(value) && value.every((name) => typeof name === 'string');
  const check = (key: string, expected: string, fits: (value: Json) => boolean): readonly Problem[] => {
    const value = datamodule[key] ?? null;
    if (value === null || fits(value)) return [];
    return [{ where: `${DATAMODULE}.${key}`, text: `expected ${expected}, received ${JSON.stringify(value)}` }];
  };
  return [
    ...COLUMN_KEYS.flatMap((key) => check(key, 'the name of a column', (value) => typeof value === 'string')),
    ...check('graph_attrs_cols', 'a list of column names', isNames),
    ...GRAPH_HEADS.flatMap((head) => check(head, 'column names', (value) => typeof value === 'string' || isNames(value))),
  ];
}

function targetProblems(datamodule: JsonObject, y: readonly string[]): readonly Problem[] {
  const problems: Problem[] = [];
  const heads = GRAPH_HEADS.map((head) => ({ head, columns: headColumns(datamodule, head) }));
  for (const { head, columns } of heads) {
    const where = `${DATAMODULE}.${head}`;
    if (Array.isArray(datamodule[head]) && columns.length === 0)
      problems.push({ where, text: 'expected at least one column; leave it out or null' });
    for (const column of columns.filter((name) => !y.includes(name))) problems.push({ where, text: `"${column}" is not in y_features` });
  }
  for (const name of y) {
    const owners = heads.filter(({ columns }) => columns.includes(name)).map(({ head }) => head);
    if (owners.length === 1) continue;
    const text =
      owners.length === 0
        ? `"${name}" is in no head; name it in one of datamodule.${GRAPH_HEADS.join(', ')}`
        : `"${name}" is in several heads: ${owners.join(', ')}`;
    problems.push({ where: 'model.config.y_features', text });
  }
  return problems;
}

/**
 * Says how edges are found. A cell counts when pbc is true in all three directions. Errors: CONFIG_INVALID and NOT_AVAILABLE, as
 * `neighbourProblems` describes.
 */
export function neighbourPlanOf(datamodule: JsonObject): NeighbourPlan {
  const problems = neighbourProblems(datamodule);
  refuse('How atoms become neighbours is not settled.', problems);
  const { cut_off: cutOff, self_interaction: selfInteraction, pbc } = { ...MOLECULE_DEFAULTS, ...definedOnly(datamodule) };
  const cell = (datamodule['cell'] ?? null) as NeighbourPlan['cell'];
  return { cutOff, selfInteraction, cell: isPeriodic(pbc) ? cell : null };
}

/**
 * Everything that `neighbourPlanOf` would refuse: a cut_off that is no number above 0; a self_interaction that is no boolean; a pbc that is
 * not three of them; pbc in some directions only, which physicsml takes for none without a word; pbc without a cell and a cell without pbc;
 * a cell that is not three vectors which span a volume.
 */
export function neighbourProblems(datamodule: JsonObject, where = DATAMODULE): readonly NeighbourProblem[] {
  const {
    cut_off: cutOff,
    self_interaction: selfInteraction,
    pbc = null,
  } = { ...MOLECULE_DEFAULTS, ...definedOnly(datamodule) } as Readonly<Record<string, Json>>;
  const cell = datamodule['cell'] ?? null;
  const problems: NeighbourProblem[] = [];
  if (!Number.isFinite(cutOff) || !((cutOff as number) > 0)) {
    const text = `expected a distance above 0 Angstrom, received ${JSON.stringify(cutOff)}`;
    problems.push({ code: 'CONFIG_INVALID', where: `${where}.cut_off`, text });
  }
  if (typeof selfInteraction !== 'boolean') {
    const text = `expected true or false, received ${JSON.stringify(selfInteraction)}`;
    problems.push({ code: 'CONFIG_INVALID', where: `${where}.self_interaction`, text });
  }
  if (pbc !== null && !isThreeFlags(pbc)) {
    const text = `expected three booleans, or null, received ${JSON.stringify(pbc)}`;
    problems.push({ code: 'CONFIG_INVALID', where: `${where}.pbc`, text });
  } else if (isThreeFlags(pbc) && !isPeriodic(pbc) && pbc.includes(true)) {
    problems.push({
      code: 'NOT_AVAILABLE',
      where: `${where}.pbc`,
      text: `${JSON.stringify(pbc)}: cells that are periodic in some directions only are not available (physicsml takes them for not periodic at all); give [true, true, true], or leave pbc and cell out`,
    });
  } else if (isPeriodic(pbc) && cell === null) {
    problems.push({ code: 'CONFIG_INVALID', where: `${where}.cell`, text: 'missing: pbc needs the three lattice vectors, in Angstrom' });
  } else if (!isPeriodic(pbc) && cell !== null) {
    problems.push({ code: 'CONFIG_INVALID', where: `${where}.cell`, text: 'has no effect without pbc: [true, true, true]' });
  } else if (cell !== null && !isCell(cell)) {
    problems.push({
      code: 'CONFIG_INVALID',
      where: `${where}.cell`,
      text: `expected three vectors [x, y, z] in Angstrom that span a volume, received ${JSON.stringify(cell)}`,
    });
  }
  return problems;
}

/** A problem of cut_off, pbc or cell. */
export interface NeighbourProblem extends Problem {
  readonly code: 'CONFIG_INVALID' | 'NOT_AVAILABLE';
}

type ColumnKey = (typeof COLUMN_KEYS)[number];

const COLUMN_KEYS = [
  'node_idxs_col',
  'atomic_numbers_col',
  'coordinates_col',
  'node_attrs_col',
  'edge_idxs_col',
  'edge_attrs_col',
  'total_atomic_energy_col',
] as const;

function columnOf(datamodule: JsonObject, key: ColumnKey): string {
  return (datamodule[key] ?? MOLECULE_DEFAULTS[key]) as string;
}

function graphAttrColumns(datamodule: JsonObject): readonly string[] {
  return [...((datamodule['graph_attrs_cols'] ?? []) as readonly string[])].sort();
}

function headColumns(datamodule: JsonObject, head: GraphHead): readonly string[] {
  const written = (datamodule[head] ?? []) as string | readonly string[];
  return typeof written === 'string' ? [written] : written;
}

function isThreeFlags(pbc: unknown): pbc is readonly boolean[] {
  return Array.isArray(pbc) && pbc.length === 3 && pbc.every((direction) => typeof direction === 'boolean');
}

function isPeriodic(pbc: unknown): boolean {
  return isThreeFlags(pbc) && pbc.every((direction) => direction);
}

function isCell(cell: Json): boolean {
  if (!Array.isArray(cell) || cell.length !== 3) return false;
  const rows = cell as readonly Json[];
  if (!rows.every((row) => Array.isArray(row) && row.length === 3 && row.every((value) => Number.isFinite(value)))) return false;
  return cellVolume(rows as unknown as readonly (readonly number[])[]) > 1e-6;
}

function definedOnly(section: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(section).filter(([, value]) => value !== undefined));
}

function refuse(headline: string, problems: readonly (Problem & { readonly code?: NeighbourProblem['code'] })[]): void {
  const [first] = problems;
  if (first === undefined) return;
  throw new RootstockError(first.code ?? 'CONFIG_INVALID', composeMessage(headline, problems, 'correct each place.'), { problems });
}
