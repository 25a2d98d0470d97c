import { GRAPH_HEADS, type GraphColumns, type GraphHead } from '../../contracts/graphs.ts';
import type { GraphDataset, RaggedTargets } from '../dataset.ts';
import type { Molecule } from './check-molecule.ts';
import { describeWidths, headWidth } from './molecule-encoder.ts';

/** How molecules were read. */
export interface ReadAs {
  readonly graph: GraphColumns;
  /** Values per atom, bond, molecule and line by column. */
  readonly widths: ReadonlyMap<string, number>;
  readonly withTargets: boolean;
}

/** Makes a dataset of molecules in memory, in their order. */
export function datasetOfMolecules(molecules: readonly Molecule[], ids: readonly string[], readAs: ReadAs): GraphDataset {
  const { graph, widths, withTargets } = readAs;
  const described = describeWidths(graph, widths);
  const floats = (part: (molecule: Molecule) => Float32Array | undefined): Float32Array =>
    concatenate(
      Float32Array,
      molecules.map((molecule) => part(molecule) ?? new Float32Array()),
    );
  const targets = (head: GraphHead): RaggedTargets => ({
    offsets: runningSums(molecules.map((molecule) => molecule.targets[head]?.lines ?? 0)),
    width: headWidth(graph, head, widths),
    values: floats((molecule) => molecule.targets[head]?.values),
  });
  const heads = withTargets ? GRAPH_HEADS.filter((head) => graph.targets[head] !== undefined) : [];
  return {
    kind: 'graphs',
    rows: molecules.length,
    numElements: graph.numElements,
    nodeOffsets: runningSums(molecules.map(({ atomNumbers }) => atomNumbers.length)),
    atomNumbers: concatenate(
      Int32Array,
      molecules.map(({ atomNumbers }) => atomNumbers),
    ),
    coordinates: floats(({ coordinates }) => coordinates),
    nodeAttrs: floats(({ nodeAttrs }) => nodeAttrs),
    nodeAttrWidth: described.node_attr_width,
    bonds:
      described.bond_attr_width === null
        ? null
        : {
            offsets: runningSums(molecules.map(({ bonds }) => (bonds?.pairs.length ?? 0) / 2)),
            pairs: concatenate(
              Uint32Array,
              molecules.map(({ bonds }) => bonds?.pairs ?? new Uint32Array()),
            ),
            attrs: floats(({ bonds }) => bonds?.attrs),
            width: described.bond_attr_width,
          },
    graphAttrs: floats(({ graphAttrs }) => graphAttrs),
    graphAttrWidth: described.graph_attr_width,
    totalAtomicEnergy: described.total_atomic_energy
      ? Float32Array.from(molecules, ({ totalAtomicEnergy }) => totalAtomicEnergy ?? 0)
      : null,
    targets: Object.fromEntries(heads.map((head) => [head, targets(head)])),
    rowId: (row) => ids[row] ?? '',
  };
}

/** Running sums with a leading zero: where each row's entries begin and end. */
export function runningSums(lengths: ArrayLike<number>): Uint32Array {
  const offsets = new Uint32Array(lengths.length + 1);
  for (let row = 0; row < lengths.length; row++) offsets[row + 1] = (offsets[row] as number) + (lengths[row] as number);
  return offsets;
}

interface NumberArray {
  readonly length: number;
  set(from: ArrayLike<number>, at: number): void;
}

function concatenate<A extends NumberArray>(Type: new (length: number) => A, parts: readonly A[]): A {
  const joined = new Type(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part as unknown as ArrayLike<number>, at);
    at += part.length;
  }
  return joined;
}
