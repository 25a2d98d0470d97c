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
  /** All of them in order. */
  readonly all: readonly NamedLayer[];
}

/** Names the layers and finds the one to fold. */
export function segmentChain({ before, after }: SegmentNetwork): SegmentChain {
  const [first, sums] = [named('before', before), named('after', after)];
  const last = first.at(-1);
  const folded = last?.activation === 'Identity' ? last : null;
  return { rows: folded === null ? first : first.slice(0, -1), folded, sums, all: [...first, ...sums] };
}

function named(part: string, layers: readonly GatedLayer[]): readonly NamedLayer[] {
  return layers.map(({ weight, bias, activation, frozen }, index) => ({ name: part + String(index), weight, bias, activation, frozen }));
}
