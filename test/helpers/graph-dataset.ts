import type { GraphHead } from '../../src/contracts/graphs.ts';
import type { GraphDataset } from '../../src/data/dataset.ts';

/** One molecule of n atoms, as a test writes it. */
export interface TestMolecule {
  readonly atomNumbers: readonly number[];
  /** [n][3] Angstrom. */
  readonly coordinates: readonly (readonly number[])[];
  /** [n][F] */
  readonly nodeAttrs?: readonly (readonly number[])[];
  readonly bonds?: readonly { readonly pair: readonly [number, number]; readonly attrs: readonly number[] }[];
  readonly graphAttrs?: readonly number[];
  readonly totalAtomicEnergy?: number;
  /** [lines][width] by head. */
  readonly targets?: Readonly<Partial<Record<GraphHead, readonly (readonly number[])[]>>>;
}

/** Makes a dataset of molecules; what the first molecule has, all have to have. Row ids are row numbers. */
export function graphDatasetOf(molecules: readonly TestMolecule[], options: { readonly numElements: number }): GraphDataset {
  const [first] = molecules;
  const heads = Object.keys(first?.targets ?? {}) as readonly GraphHead[];
  const bondWidth = first?.bonds?.[0]?.attrs.length ?? molecules.flatMap(({ bonds }) => bonds ?? [])[0]?.attrs.length ?? 0;
  return {
    kind: 'graphs',
    rows: molecules.length,
    numElements: options.numElements,
    nodeOffsets: offsetsOf(molecules.map(({ atomNumbers }) => atomNumbers.length)),
    atomNumbers: Int32Array.from(molecules.flatMap(({ atomNumbers }) => atomNumbers)),
    coordinates: Float32Array.from(molecules.flatMap(({ coordinates }) => coordinates.flat())),
    nodeAttrs: Float32Array.from(molecules.flatMap(({ nodeAttrs }) => nodeAttrs?.flat() ?? [])),
    nodeAttrWidth: first?.nodeAttrs?.[0]?.length ?? 0,
    bonds:
      first?.bonds === undefined
        ? null
        : {
            offsets: offsetsOf(molecules.map(({ bonds }) => bonds?.length ?? 0)),
            pairs: Uint32Array.from(molecules.flatMap(({ bonds }) => bonds?.flatMap(({ pair }) => pair) ?? [])),
            attrs: Float32Array.from(molecules.flatMap(({ bonds }) => bonds?.flatMap(({ attrs }) => attrs) ?? [])),
            width: bondWidth,
          },
    graphAttrs: Float32Array.from(molecules.flatMap(({ graphAttrs }) => graphAttrs ?? [])),
    graphAttrWidth: first?.graphAttrs?.length ?? 0,
    totalAtomicEnergy:
      first?.totalAtomicEnergy === undefined ? null : Float32Array.from(molecules, ({ totalAtomicEnergy }) => totalAtomicEnergy ?? 0),
    targets: Object.fromEntries(
      heads.map((head) => {
        const lines = molecules.map(({ targets }) => targets?.[head] ?? []);
        return [
          head,
          {
            offsets: offsetsOf(lines.map(({ length }) => length)),
            width: lines[0]?.[0]?.length ?? 1,
            values: Float32Array.from(lines.flat(2)),
          },
        ];
      }),
    ),
    rowId: String,
  };
}

/** Running sums with a leading zero. */
export function offsetsOf(lengths: readonly number[]): Uint32Array {
  const offsets = new Uint32Array(lengths.length + 1);
  for (const [at, length] of lengths.entries()) offsets[at + 1] = (offsets[at] ?? 0) + length;
  return offsets;
}
