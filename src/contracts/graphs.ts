/** The kinds of target that a molecule model can have, named as physicsml's datamodule names them. */
export const GRAPH_HEADS = [
  'y_graph_scalars',
  'y_graph_vector',
  'y_node_scalars',
  'y_node_vector',
  'y_edge_scalars',
  'y_edge_vector',
] as const;

/** The name of a kind of target. */
export type GraphHead = (typeof GRAPH_HEADS)[number];

/** Columns of a table of molecules, by what they hold. A column that the model does not read is null or absent. */
export interface GraphColumns {
  /** Classes there are (num_elements): atom numbers are below it. */
  readonly numElements: number;
  /** Per atom: its class, 0 .. num_elements - 1 (physicsml_atom_numbers). */
  readonly atomNumbers: string;
  /** Per atom: [x, y, z] in Angstrom. */
  readonly coordinates: string;
  /** Per atom: further features. */
  readonly nodeAttrs: string | null;
  /** Pairs of atoms [i, j] that the edge features belong to, each bond once. */
  readonly edgeIdxs: string | null;
  /** Per pair: its features. */
  readonly edgeAttrs: string | null;
  /** One number, or a list, per molecule; sorted by name, as physicsml does. */
  readonly graphAttrs: readonly string[];
  /** One number per molecule, added to the prediction. */
  readonly totalAtomicEnergy: string | null;
  /** Columns of each head in the order of y_features; a vector head has one. */
  readonly targets: Readonly<Partial<Record<GraphHead, readonly string[]>>>;
  /** Heads whose loss leaves out missing targets (null or NaN); other heads refuse them. */
  readonly maskedHeads: readonly GraphHead[];
}

/**
 * Most directed edges of a batch, whatever the model: at 512 bytes each, less than any model takes, they fill 2 GiB, half of the largest heap
 * that WebAssembly has. Planning and prediction refuse more, and fewer where the model takes more for each (GRAPH_TOO_LARGE).
 */
export const MOST_BATCH_EDGES = 4_194_304;

/** What a batch's edges may take: half of the largest heap that WebAssembly has. */
const BATCH_BYTES = 2 ** 31;

/** Most directed edges of a batch in a model where each takes `bytesPerEdge`; 0: not known. */
export function mostBatchEdges(bytesPerEdge: number): number {
  return Math.floor(Math.min(MOST_BATCH_EDGES, BATCH_BYTES / Math.max(bytesPerEdge, 1)));
}

/** Estimates the directed edges of a batch: the molecule with most edges, and average ones beside it. */
export function estimateBatchEdges(molecules: number, { mean, most }: { readonly mean: number; readonly most: number }): number {
  return (molecules - 1) * mean + most;
}

/** How edges are found: directed pairs i != j with |r_j - r_i|^2 <= cut_off^2 in float32, sorted by i, then j. */
export interface NeighbourPlan {
  /** Angstrom. */
  readonly cutOff: number;
  /** Whether an atom is its own neighbour. */
  readonly selfInteraction: boolean;
  /** Lattice vectors as rows, in Angstrom, periodic in all three directions; null: no cell. */
  readonly cell: readonly (readonly number[])[] | null;
}

/** What the data says about a molecule model's input and output. */
export interface GraphFacts {
  /** Classes of the one-hot atom numbers; a node has numElements + nodeAttrWidth values. */
  readonly numElements: number;
  readonly nodeAttrWidth: number;
  readonly edgeAttrWidth: number;
  readonly graphAttrWidth: number;
  readonly hasTotalAtomicEnergy: boolean;
  /** cut_off of the base datamodule, Angstrom: where a trainable radial basis starts. */
  readonly cutOff: number;
  /** Columns per head; absent: no such head. */
  readonly targets: Readonly<Partial<Record<GraphHead, number>>>;
}

/** What the data says about a model's input and output. */
export interface InputFacts {
  /** Values per row over all x_features: the W of inputs [B, W]. 0 for molecules. */
  readonly inputWidth: number;
  /** Number of y_features, or of classes for a classifier. */
  readonly outputWidth: number;
  /** Molecule models only. */
  readonly graph?: GraphFacts;
}

/** Features of one molecule of n atoms, as physicsml_features makes them. */
export interface MoleculeFeatures {
  /** [n] classes. */
  readonly atomNumbers: ArrayLike<number>;
  /** [n * 3] Angstrom, row-major. */
  readonly coordinates: ArrayLike<number>;
  /** [n][F] */
  readonly atomFeatures: readonly (readonly number[])[] | null;
  /** [m] pairs, each bond once. */
  readonly bondIdxs: readonly (readonly [number, number])[] | null;
  /** [m][F] */
  readonly bondFeatures: readonly (readonly number[])[] | null;
  /** Hartree, or whatever the atomic energies are given in. */
  readonly totalAtomicEnergy: number | null;
}

/** Volume of the cell that three vectors span, in cubic Angstrom; 0 when they lie in one plane. */
export function cellVolume(cell: readonly (readonly number[])[]): number {
  const [[a, b, c], [d, e, f], [g, h, i]] = cell as readonly [Vector, Vector, Vector];
  return Math.abs(a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g));
}

type Vector = readonly [number, number, number];
