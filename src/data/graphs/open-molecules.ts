import type { GraphHead } from '../../contracts/graphs.ts';
import type { ReadableBlob } from '../blob-format.ts';
import { corrupt, readInto, readRowIds } from '../blob-reader.ts';
import type { GraphDataset, RaggedTargets } from '../dataset.ts';
import { runningSums } from './molecule-dataset.ts';
import { isEdgeHead } from './molecule-encoder.ts';
import type { MoleculeBlockFooter, MoleculeFooter } from './molecule-format.ts';

/**
 * Reads a materialised split of molecules straight into the arrays that are given out. They lie on shared memory, so that the thread that
 * builds graph batches reads them where they are. Fails with ARTIFACT_CORRUPT.
 */
export async function openMolecules(blob: ReadableBlob, footer: MoleculeFooter): Promise<GraphDataset> {
  const { rows, blocks, heads } = footer;
  const sum = (of: (block: MoleculeBlockFooter) => number): number => blocks.reduce((total, block) => total + of(block), 0);
  if (sum((block) => block.rows) !== rows) throw corrupt('has blocks that do not add up');
  const [atoms, bonds] = [sum((block) => block.atoms), sum((block) => block.bonds)];
  const bondWidth = footer.bond_attr_width;
  const atomCounts = new Uint32Array(rows);
  const bondCounts = new Uint32Array(rows);
  const arrays = {
    atomNumbers: new Int32Array(shared(atoms)),
    coordinates: new Float32Array(shared(atoms * 3)),
    nodeAttrs: new Float32Array(shared(atoms * footer.node_attr_width)),
    pairs: new Uint32Array(shared(bonds * 2)),
    bondAttrs: new Float32Array(shared(bonds * (bondWidth ?? 0))),
    graphAttrs: new Float32Array(shared(rows * footer.graph_attr_width)),
    energies: new Float32Array(shared(footer.total_atomic_energy ? rows : 0)),
  };
  const targets = heads.map(({ head, width }, at) => {
    const lines = sum((block) => linesOf(head, block, at));
    return { head, width, counts: new Uint32Array(rows), values: new Float32Array(shared(lines * width)), filled: 0 };
  });
  let [row, atom, bond] = [0, 0, 0];
  for (const block of blocks) {
    const reader = blockReader(blob, block.offset);
    await reader.next(atomCounts, row, block.rows);
    await reader.next(arrays.atomNumbers, atom, block.atoms);
    await reader.next(arrays.coordinates, atom * 3, block.atoms * 3);
    await reader.next(arrays.nodeAttrs, atom * footer.node_attr_width, block.atoms * footer.node_attr_width);
    if (bondWidth !== null) {
      await reader.next(bondCounts, row, block.rows);
      await reader.next(arrays.pairs, bond * 2, block.bonds * 2);
      await reader.next(arrays.bondAttrs, bond * bondWidth, block.bonds * bondWidth);
    }
    await reader.next(arrays.graphAttrs, row * footer.graph_attr_width, block.rows * footer.graph_attr_width);
    if (footer.total_atomic_energy) await reader.next(arrays.energies, row, block.rows);
    for (const [at, target] of targets.entries()) {
      if (isEdgeHead(target.head)) await reader.next(target.counts, row, block.rows);
      const lines = linesOf(target.head, block, at) * target.width;
      await reader.next(target.values, target.filled, lines);
      target.filled += lines;
    }
    row += block.rows;
    atom += block.atoms;
    bond += block.bonds;
  }
  const nodeOffsets = sharedSums(atomCounts);
  const bondOffsets = sharedSums(bondCounts);
  if (nodeOffsets[rows] !== atoms || bondOffsets[rows] !== bonds) throw corrupt('has molecules that do not add up');
  return {
    kind: 'graphs',
    rows,
    numElements: footer.num_elements,
    nodeOffsets,
    atomNumbers: arrays.atomNumbers,
    coordinates: arrays.coordinates,
    nodeAttrs: arrays.nodeAttrs,
    nodeAttrWidth: footer.node_attr_width,
    bonds: bondWidth === null ? null : { offsets: bondOffsets, pairs: arrays.pairs, attrs: arrays.bondAttrs, width: bondWidth },
    graphAttrs: arrays.graphAttrs,
    graphAttrWidth: footer.graph_attr_width,
    totalAtomicEnergy: footer.total_atomic_energy ? arrays.energies : null,
    targets: Object.fromEntries(
      targets.map(({ head, width, counts, values }): [GraphHead, RaggedTargets] => [
        head,
        { offsets: offsetsOf(head, { rows, nodeOffsets, counts }), width, values },
      ]),
    ),
    rowId: await readRowIds(blob, { rows, kind: footer.row_ids, section: footer.sections.row_ids }),
  };
}

function linesOf(head: GraphHead, block: MoleculeBlockFooter, at: number): number {
  if (head.startsWith('y_graph')) return block.rows;
  return head.startsWith('y_node') ? block.atoms : (block.lines[at] ?? 0);
}

interface Lines {
  readonly rows: number;
  readonly nodeOffsets: Uint32Array;
  readonly counts: Uint32Array;
}

function offsetsOf(head: GraphHead, { rows, nodeOffsets, counts }: Lines): Uint32Array {
  if (head.startsWith('y_graph')) return sharedSums(new Uint8Array(rows).fill(1));
  return head.startsWith('y_node') ? nodeOffsets : sharedSums(counts);
}

/** Memory for numbers of 4 bytes. */
function shared(length: number): SharedArrayBuffer {
  return new SharedArrayBuffer(length * 4);
}

function sharedSums(lengths: ArrayLike<number>): Uint32Array {
  const sums = new Uint32Array(shared(lengths.length + 1));
  sums.set(runningSums(lengths));
  return sums;
}

/** Reads one array after the other. */
function blockReader(blob: ReadableBlob, offset: number) {
  let at = offset;
  return {
    next: async (into: Float32Array | Int32Array | Uint32Array, first: number, count: number): Promise<void> => {
      await readInto(blob, { offset: at, length: count * 4 }, into.subarray(first, first + count));
      at += count * 4;
    },
  };
}
