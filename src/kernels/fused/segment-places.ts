import { type KeptRows, keptFloats, keptRows, sizesOf } from './gated-chain.ts';
import { wholeVectors } from './runtime.ts';
import type { SegmentChain } from './segment-chain.ts';

/** Rows, segments and columns of what goes in. */
export interface SegmentSize {
  readonly entries: number;
  readonly count: number;
  readonly width: number;
  /** Whether a backward pass follows, which reads the slopes of SiLU. */
  readonly withSlopes: boolean;
}

/** Where a pass keeps what the way back reads: byte offsets. */
export interface SegmentPlaces {
  /** Outputs of each layer over rows. */
  readonly rows: readonly KeptRows[];
  /** Sums of the last of them, or of the input where there is none: [n, width]. */
  readonly sums: number;
  readonly width: number;
  /** Rows of each segment, [n]. */
  readonly sizes: number;
  /** What the layers over sums start with, [n, startWidth]: the folded layer's outputs, or the sums. */
  readonly start: number;
  readonly startWidth: number;
  /** Outputs of each layer over sums. */
  readonly after: readonly KeptRows[];
  /** Columns of the result. */
  readonly outputs: number;
}

/** Floats of the one tensor that keeps all of it. */
export function segmentFloats(chain: SegmentChain, size: SegmentSize): number {
  return partsOf(chain, size).reduce((sum, floats) => sum + floats, 0);
}

/** Where each part lies in that tensor, from its byte offset on. */
export function segmentPlaces(chain: SegmentChain, size: SegmentSize, from: number): SegmentPlaces {
  const { rows, folded, sums } = chain;
  const { entries, count, withSlopes } = size;
  const [rowFloats, sumFloats, sizeFloats, startFloats] = partsOf(chain, size);
  const summed = from + 4 * rowFloats;
  const sizes = summed + 4 * sumFloats;
  const start = sizes + 4 * sizeFloats;
  const width = widthOf(chain, size);
  const startWidth = folded === null ? width : sizesOf(folded)[0];
  return {
    rows: keptRows({ layers: rows }, entries, { start: from, withSlopes }),
    sums: summed,
    width,
    sizes,
    start: folded === null ? summed : start,
    startWidth,
    after: keptRows({ layers: sums }, count, { start: start + 4 * startFloats, withSlopes }),
    outputs: outputsOf(sums, startWidth),
  };
}

/** Floats of each part in order. */
function partsOf(chain: SegmentChain, size: SegmentSize): readonly [number, number, number, number, number] {
  const { rows, folded, sums } = chain;
  const { entries, count, withSlopes } = size;
  return [
    keptFloats({ layers: rows }, entries, withSlopes),
    wholeVectors(count * widthOf(chain, size)),
    wholeVectors(count),
    folded === null ? 0 : wholeVectors(count * sizesOf(folded)[0]),
    keptFloats({ layers: sums }, count, withSlopes),
  ];
}

/** Columns of what is summed. */
function widthOf({ rows }: SegmentChain, { width }: SegmentSize): number {
  return outputsOf(rows, width);
}

function outputsOf(layers: SegmentChain['rows'], otherwise: number): number {
  const last = layers.at(-1);
  return last === undefined ? otherwise : sizesOf(last)[0];
}
