import type { DataFacts, DataRequest, GraphDataFacts, SplitFacts, SplitName } from '../../contracts/plan.ts';
import { createDuplicateCheck } from '../duplicate-ids.ts';
import type { ByteSink } from '../hashed-output.ts';
import { createProblems } from '../problems.ts';
import type { OpenSource } from '../source.ts';
import { findEmptySplits } from '../split-place.ts';
import type { Molecule } from './check-molecule.ts';
import { createMoleculeEncoder, describeWidths, type MoleculeEncoder } from './molecule-encoder.ts';
import { layOutMolecules, type MoleculeLayout } from './molecule-layout.ts';
import { type MoleculeBlock, type MoleculeReading, readMolecules } from './read-molecules.ts';

/** A source of molecules and the splits it fills. */
export interface MoleculeSource {
  readonly source: OpenSource;
  readonly splits: readonly SplitName[];
}

/** What encoding molecules needs. */
export interface EncodeMolecules {
  readonly request: DataRequest & { readonly graph: NonNullable<DataRequest['graph']> };
  readonly openSink: (split: SplitName) => ByteSink;
  /** The split of a row; null leaves it out. */
  readonly createAssigner: (splits: readonly SplitName[]) => (rowId: string) => SplitName | null;
  readonly onRows: (source: string, rows: number) => void;
}

/** Reads all molecules of a run once, checks them and encodes each split into its sink. All problems come in one error. */
export async function encodeMolecules(opened: readonly MoleculeSource[], input: EncodeMolecules): Promise<DataFacts> {
  const { request, openSink, createAssigner, onRows } = input;
  const { graph } = request;
  const sources = await layOutAll(opened, request);
  const problems = createProblems();
  const reading: MoleculeReading = { graph, neighbours: request.neighbours ?? null, problems, widths: new Map() };
  const splits = new Map<SplitName, OpenSplit>();
  for (const { source, splits: names, layout } of sources) {
    for (const name of names) {
      const idKind = layout.idKind === 'text' ? 'text' : 'int64';
      splits.set(name, { encoder: createMoleculeEncoder(openSink(name), graph), idKind, counts: createCounts() });
    }
    const assign = createAssigner(names);
    const duplicates = createDuplicateCheck(source);
    for await (const block of readMolecules(source, layout, reading)) {
      duplicates.watch(block.ids);
      for (const [name, rows] of dealOut(block, assign)) {
        const split = splits.get(name);
        split?.counts.add(rows);
        if (problems.count() === 0) await split?.encoder.append(rows.molecules, rows.ids);
      }
      onRows(source.where, block.firstRow + block.ids.length);
    }
    await duplicates.finish(problems);
  }
  const rowCounts = new Map([...splits].map(([split, { counts }]) => [split, counts.rows()]));
  for (const empty of await findEmptySplits(rowCounts, sources)) problems.add(empty);
  problems.throwIfAny();
  const found: Partial<Record<SplitName, SplitFacts>> = {};
  for (const [name, { encoder, idKind }] of splits) found[name] = await encoder.finish({ idKind, widths: reading.widths });
  const warnings = sources.flatMap(({ layout }) => layout.warnings);
  return {
    splits: found,
    xWidths: {},
    classes: null,
    graph: describeGraphs(reading, splits),
    ...(warnings.length === 0 ? {} : { warnings }),
  };
}

interface OpenSplit {
  readonly encoder: MoleculeEncoder;
  readonly idKind: 'int64' | 'text';
  readonly counts: Counts;
}

interface LaidOutSource extends MoleculeSource {
  readonly layout: MoleculeLayout;
}

async function layOutAll(opened: readonly MoleculeSource[], request: EncodeMolecules['request']): Promise<readonly LaidOutSource[]> {
  const problems = createProblems();
  const sources: LaidOutSource[] = [];
  for (const { source, splits } of opened) {
    const wanted = { graph: request.graph, featurisation: request.featurisation ?? null, withTargets: true };
    const layout = await layOutMolecules(source, wanted);
    if ('sql' in layout) sources.push({ source, splits, layout });
    else layout.forEach(problems.add);
  }
  problems.throwIfAny();
  return sources;
}

interface DealtRows {
  readonly molecules: Molecule[];
  readonly ids: (bigint | string)[];
  /** Molecules with problems count as rows too. */
  rows: number;
}

function dealOut({ ids, molecules }: MoleculeBlock, assign: (rowId: string) => SplitName | null): ReadonlyMap<SplitName, DealtRows> {
  const dealt = new Map<SplitName, DealtRows>();
  for (const [row, id] of ids.entries()) {
    const split = assign(String(id));
    if (split === null) continue;
    const rows = dealt.get(split) ?? { molecules: [], ids: [], rows: 0 };
    dealt.set(split, rows);
    rows.rows++;
    const molecule = molecules[row] ?? null;
    if (molecule === null) continue;
    rows.molecules.push(molecule);
    rows.ids.push(id);
  }
  return dealt;
}

interface Counts {
  add(rows: DealtRows): void;
  rows(): number;
  read(): {
    readonly nodes: number;
    readonly edges: number;
    readonly largest: number;
    readonly mostEdges: number;
    readonly atomNumber: number;
  };
}

function createCounts(): Counts {
  let [rows, nodes, edges, largest, mostEdges, atomNumber] = [0, 0, 0, 0, 0, 0];
  return {
    add: (dealt) => {
      rows += dealt.rows;
      for (const molecule of dealt.molecules) {
        nodes += molecule.atomNumbers.length;
        edges += molecule.edges;
        largest = Math.max(largest, molecule.atomNumbers.length);
        mostEdges = Math.max(mostEdges, molecule.edges);
        for (const number of molecule.atomNumbers) atomNumber = Math.max(atomNumber, number);
      }
    },
    rows: () => rows,
    read: () => ({ nodes, edges, largest, mostEdges, atomNumber }),
  };
}

function describeGraphs({ graph, widths }: MoleculeReading, splits: ReadonlyMap<SplitName, OpenSplit>): GraphDataFacts {
  const counts = [...splits].map(([name, split]) => ({ name, ...split.counts.read() }));
  const most = (of: (count: (typeof counts)[number]) => number): number => Math.max(0, ...counts.map(of));
  const described = describeWidths(graph, widths);
  return {
    nodeAttrWidth: described.node_attr_width,
    edgeAttrWidth: described.bond_attr_width ?? 0,
    graphAttrWidth: described.graph_attr_width,
    largestAtomNumber: most(({ atomNumber }) => atomNumber),
    largestMolecule: most(({ largest }) => largest),
    nodes: Object.fromEntries(counts.map(({ name, nodes }) => [name, nodes])),
    edges: Object.fromEntries(counts.map(({ name, edges }) => [name, edges])),
    mostEdges: most(({ mostEdges }) => mostEdges),
  };
}
