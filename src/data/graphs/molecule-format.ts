import type { GraphHead } from '../../contracts/graphs.ts';
import type { BlobSection } from '../blob-format.ts';

/**
 * The materialised encoding of one split of molecules: the edges and the version of `blob-format.ts`, with other content between them.
 * Little-endian. After the first edge come blocks of BLOCK_ROWS molecules (the last one has what is left), each one a run of
 *
 *     uint32   atoms of each molecule [rows]
 *     int32    classes [N]
 *     float32  coordinates [N, 3], then further features [N, F]
 *     uint32   with bonds: bonds of each molecule [rows], pairs of atoms [M, 2]; float32 their features [M, F]
 *     float32  features of molecules [rows, F], then with total atomic energies [rows]
 *     ..       for each head in the footer's order: uint32 lines of each molecule [rows] (edge heads only), float32 values [lines, width]
 *
 * Then zeros up to a multiple of 8, the row ids as in `blob-format.ts`, the footer as canonical JSON and the last edge. Block borders depend
 * on nothing but the number of rows, so equal values give equal bytes.
 */
export const BLOCK_ROWS = 1024;

/** What a blob of molecules holds. */
export type MoleculeFooter = {
  readonly format: 'rootstock-molecules';
  readonly version: number;
  readonly rows: number;
  readonly num_elements: number;
  readonly node_attr_width: number;
  /** Null without bonds. */
  readonly bond_attr_width: number | null;
  readonly graph_attr_width: number;
  readonly total_atomic_energy: boolean;
  readonly heads: readonly MoleculeHead[];
  readonly row_ids: 'int64' | 'text';
  readonly blocks: readonly MoleculeBlockFooter[];
  readonly sections: { readonly row_ids: BlobSection };
};

/** Targets of a head; `width` values per molecule, atom or edge. */
export type MoleculeHead = { readonly head: GraphHead; readonly width: number };

/** Where a block is and how much is in it. */
export type MoleculeBlockFooter = {
  readonly offset: number;
  readonly rows: number;
  readonly atoms: number;
  readonly bonds: number;
  /** Lines of each edge head, in the footer's order of heads; 0 for other heads. */
  readonly lines: readonly number[];
};
