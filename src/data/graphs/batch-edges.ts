import { plural } from '../../contracts/plural.ts';
import { composeMessage, RootstockError } from '../../errors.ts';

/** A batch of molecules before its graph is built. */
export interface BatchEdges {
  /** The file as the user wrote it. */
  readonly path: string;
  readonly molecules: number;
  /** Atoms of the largest molecule. */
  readonly atoms: number;
  /** Directed edges, counted or estimated; counting stops soon after MOST_BATCH_EDGES. */
  readonly edges: number;
  /** Angstrom. */
  readonly cutOff: number;
  /** Most edges that the model has memory for, see mostBatchEdges. */
  readonly most: number;
}

/** Refuses a batch that would not fit, before anything of it is allocated: GRAPH_TOO_LARGE. */
export function checkBatchEdges({ path, molecules, atoms, edges, cutOff, most }: BatchEdges): void {
  if (edges <= most) return;
  const text = `${molecules} ${plural(molecules, 'molecule')} of up to ${atoms} ${plural(atoms, 'atom')} may make ${Math.round(edges)} edges or more within cut_off ${cutOff} Angstrom, expected at most ${most} in a batch`;
  const fix = 'give a smaller --batch-size, or leave the largest molecules out.';
  const message = composeMessage(`The molecules of ${path} do not fit into memory.`, [{ where: 'data', text }], fix);
  throw new RootstockError('GRAPH_TOO_LARGE', message, { molecules, atoms, edges, cutOff, most });
}
