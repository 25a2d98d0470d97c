import { type KeptRows, keptFloats, keptRows, sizesOf } from './gated-chain.ts';
import { wholeVectors } from './runtime.ts';
import type { SegmentChain } from './segment-chain.ts';

/** Rows, segments and columns of what goes in. */
export interface SegmentSize {
  readonly entries: number;
  readonly count: number;
  readonly width: number;
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
  return layout(chain, size, 0).floats;
}

/** Where each part lies in that tensor, from its byte offset on. */
export function segmentPlaces(chain: SegmentChain, size: SegmentSize, start: number): SegmentPlaces {
  return layout(chain, size, start).places;
}

function layout(
  { rows, folded, sums }: SegmentChain,
  { entries, count, width: given }: SegmentSize,
  from: number,
): { readonly places: SegmentPlaces; readonly floats: number } {
  let floats = 0;
  const take = (wanted: number): number => {
    const place = from + 4 * floats;
    floats += wholeVectors(wanted);
    return place;
  };
  const width = rows.length === 0 ? given : outputsOf(rows);
  const rowPlaces = keptRows({ layers: rows }, entries, take(keptFloats({ layers: rows }, entries)));
  const summed = take(count * width);
  const sizes = take(count);
  const startWidth = folded === null ? width : sizesOf(folded)[0];
  const start = folded === null ? summed : take(count * startWidth);
  const after = keptRows({ layers: sums }, count, take(keptFloats({ layers: sums }, count)));
  const outputs = sums.length === 0 ? startWidth : outputsOf(sums);
  return { places: { rows: rowPlaces, sums: summed, width, sizes, start, startWidth, after, outputs }, floats };
}

function outputsOf(layers: SegmentChain['rows']): number {
  const last = layers.at(-1);
  return last === undefined ? 0 : sizesOf(last)[0];
}
