import { BARE_MOLECULES } from '../bare-molecules.ts';
import { answer, transferable } from './answer.ts';
import type { MoleculesRequest } from './messages.ts';

/** V8 has compiled what builds a batch when it has built this many: the first takes 10 ms, the fourth 1 ms. */
const BUILDS = 4;

/** A batch like those of QM9, whose molecules have 18 atoms on average. */
const MOLECULES = 64;
const ATOMS = 18;

/** No dataset of the other side has this number. */
const DATASET = -1;

/**
 * Builds batches of made-up molecules, so that the first batch of a stage, which training waits for, is built by compiled code. Everything as it comes
 * from the other side and goes there: of objects of another making, or of memory that is never handed over, V8 compiles other code.
 */
export function warmUp(): void {
  const rows = Uint32Array.from({ length: MOLECULES }, (_, row) => row);
  for (let build = 0; build < BUILDS; build++) {
    // Sent each time, because a dataset remembers its edges.
    answer(structuredClone(madeUpMolecules()));
    const reply = answer({ type: 'batch', dataset: DATASET, rows });
    if (reply?.type !== 'built') throw reply?.error;
    structuredClone(reply, { transfer: [...transferable(reply)] });
  }
  answer({ type: 'forget', dataset: DATASET });
}

/** Atoms on a spiral: some 14 neighbours each within 5 Angstrom, and no two at one place. */
function madeUpMolecules(): MoleculesRequest {
  const nodes = MOLECULES * ATOMS;
  const offsets = (each: number) => Uint32Array.from({ length: MOLECULES + 1 }, (_, row) => row * each);
  const place = (at: number): number => {
    const atom = Math.floor(at / 3) % ATOMS;
    return [2.5 * Math.cos(atom), 2.5 * Math.sin(atom), 0.3 * atom][at % 3] as number;
  };
  return {
    type: 'molecules',
    dataset: DATASET,
    molecules: {
      kind: 'graphs',
      rows: MOLECULES,
      nodeOffsets: offsets(ATOMS),
      atomNumbers: Int32Array.from({ length: nodes }, (_, node) => node % 5),
      numElements: 5,
      coordinates: Float32Array.from({ length: 3 * nodes }, (_, at) => place(at)),
      ...BARE_MOLECULES,
      targets: { y_graph_scalars: { offsets: offsets(1), width: 1, values: new Float32Array(MOLECULES) } },
      rowId: undefined,
    },
    neighbours: { cutOff: 5, selfInteraction: false, cell: null },
  };
}
