import type { GatedLayer, NamedLayer } from './gated-chain.ts';

/** Layers over rows, and layers over the sums of their outputs. */
export interface SegmentNetwork {
  readonly before: readonly GatedLayer[];
  readonly after: readonly GatedLayer[];
}

/** The layers by where they run. */
export interface SegmentChain {
  /** Over each row. */
  readonly rows: readonly NamedLayer[];
  /** A last layer over rows without activation is linear, so that it runs on the sums: W (sum of x) + b (rows). Null: there is none. */
  readonly folded: NamedLayer | null;
  /** Over each sum. */
  readonly sums: readonly NamedLayer[];
}

/** All layers in order. */
export function layersOf({ rows, folded, sums }: SegmentChain): readonly NamedLayer[] {
  return [...rows, ...(folded === null ? [] : [folded]), ...sums];
}

/** Names the layers and finds the one to fold. */
export function chainOf({ before, after }: SegmentNetwork): SegmentChain {
  const named = (name: string, layers: readonly GatedLayer[]) => layers.map((layer, index) => ({ ...layer, name: `${name}${index}` }));
  const rows = named('before', before);
  const last = rows.at(-1);
  const folded = last?.activation === 'Identity' ? last : null;
  return { rows: folded === null ? rows : rows.slice(0, -1), folded, sums: named('after', after) };
}
