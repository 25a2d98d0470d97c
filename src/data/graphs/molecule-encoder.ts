import { GRAPH_HEADS, type GraphColumns, type GraphHead } from '../../contracts/graphs.ts';
import type { SplitFacts } from '../../contracts/plan.ts';
import { BLOB_VERSION, edge } from '../blob-format.ts';
import { collectRowIds, writeFooter } from '../blob-tail.ts';
import { type ByteSink, bytesOf, CHUNK_BYTES, createHashedOutput } from '../hashed-output.ts';
import type { Molecule } from './check-molecule.ts';
import { BLOCK_ROWS, type MoleculeBlockFooter, type MoleculeFooter } from './molecule-format.ts';

/** What is known only after the last molecule. */
export interface MoleculeEnd {
  readonly idKind: 'int64' | 'text';
  /** Values per atom, bond, molecule and line by column. */
  readonly widths: ReadonlyMap<string, number>;
}

/** Encodes one split molecule by molecule. */
export interface MoleculeEncoder {
  append(molecules: readonly Molecule[], ids: readonly (bigint | string)[]): Promise<void>;
  finish(end: MoleculeEnd): Promise<SplitFacts>;
}

/** Creates an encoder that writes the format of `molecule-format.ts` to a sink and takes its SHA-256 on the way. */
export function createMoleculeEncoder(sink: ByteSink, graph: GraphColumns): MoleculeEncoder {
  const output = createHashedOutput(sink);
  const heads = GRAPH_HEADS.filter((head) => graph.targets[head] !== undefined);
  const blocks: MoleculeBlockFooter[] = [];
  const ids = collectRowIds();
  let waiting: Molecule[] = [];
  let rows = 0;
  output.add(edge('head', BLOB_VERSION));
  const writeBlock = async (molecules: readonly Molecule[]): Promise<void> => {
    blocks.push(describeBlock(molecules, { offset: output.byteLength(), heads }));
    for (const part of blockParts(molecules, { graph, heads })) output.add(bytesOf(part));
    await output.flush(CHUNK_BYTES);
  };
  return {
    append: async (molecules, newIds) => {
      rows += molecules.length;
      ids.add(newIds);
      waiting = [...waiting, ...molecules];
      while (waiting.length >= BLOCK_ROWS) {
        await writeBlock(waiting.slice(0, BLOCK_ROWS));
        waiting = waiting.slice(BLOCK_ROWS);
      }
    },
    finish: async ({ idKind, widths }) => {
      if (waiting.length > 0) await writeBlock(waiting);
      const rowIds = ids.writeTo(output);
      const footer: MoleculeFooter = {
        format: 'rootstock-molecules',
        version: BLOB_VERSION,
        rows,
        ...describeWidths(graph, widths),
        heads: heads.map((head) => ({ head, width: headWidth(graph, head, widths) })),
        row_ids: idKind,
        blocks,
        sections: { row_ids: rowIds },
      };
      return { rows, ...(await writeFooter(output, footer)) };
    },
  };
}

/** Widths of features as the columns that were read have them; a column that never had a value counts 0. */
export function describeWidths(graph: GraphColumns, widths: ReadonlyMap<string, number>) {
  const of = (name: string): number => widths.get(name) ?? 0;
  return {
    num_elements: graph.numElements,
    node_attr_width: graph.nodeAttrs === null ? 0 : of(graph.nodeAttrs),
    bond_attr_width: graph.edgeAttrs === null ? null : of(graph.edgeAttrs),
    graph_attr_width: graph.graphAttrs.reduce((sum, name) => sum + of(name), 0),
    total_atomic_energy: graph.totalAtomicEnergy !== null,
  };
}

/** Values per line of a head. */
export function headWidth(graph: GraphColumns, head: GraphHead, widths: ReadonlyMap<string, number>): number {
  const columns = graph.targets[head] ?? [];
  return head.endsWith('vector') ? (widths.get(columns[0] ?? '') ?? 0) : columns.length;
}

function describeBlock(
  molecules: readonly Molecule[],
  { offset, heads }: { readonly offset: number; readonly heads: readonly GraphHead[] },
): MoleculeBlockFooter {
  const sum = (count: (molecule: Molecule) => number): number => molecules.reduce((total, molecule) => total + count(molecule), 0);
  return {
    offset,
    rows: molecules.length,
    atoms: sum(({ atomNumbers }) => atomNumbers.length),
    bonds: sum(bondCount),
    lines: heads.map((head) => (isEdgeHead(head) ? sum(({ targets }) => targets[head]?.lines ?? 0) : 0)),
  };
}

type Part = Float32Array | Int32Array | Uint32Array;

function* blockParts(
  molecules: readonly Molecule[],
  { graph, heads }: { readonly graph: GraphColumns; readonly heads: readonly GraphHead[] },
): Generator<Part> {
  const each = (part: (molecule: Molecule) => Part | undefined): readonly Part[] => molecules.flatMap((molecule) => part(molecule) ?? []);
  yield Uint32Array.from(molecules, ({ atomNumbers }) => atomNumbers.length);
  yield* each(({ atomNumbers }) => atomNumbers);
  yield* each(({ coordinates }) => coordinates);
  yield* each(({ nodeAttrs }) => nodeAttrs);
  if (graph.edgeAttrs !== null) {
    yield Uint32Array.from(molecules, bondCount);
    yield* each(({ bonds }) => bonds?.pairs);
    yield* each(({ bonds }) => bonds?.attrs);
  }
  yield* each(({ graphAttrs }) => graphAttrs);
  if (graph.totalAtomicEnergy !== null) yield Float32Array.from(molecules, ({ totalAtomicEnergy }) => totalAtomicEnergy ?? 0);
  for (const head of heads) {
    if (isEdgeHead(head)) yield Uint32Array.from(molecules, ({ targets }) => targets[head]?.lines ?? 0);
    yield* each(({ targets }) => targets[head]?.values);
  }
}

function bondCount({ bonds }: Molecule): number {
  return (bonds?.pairs.length ?? 0) / 2;
}

/** Edges are found anew for each cut_off; only then has a molecule a number of targets of its own. */
export function isEdgeHead(head: GraphHead): boolean {
  return head.startsWith('y_edge');
}
