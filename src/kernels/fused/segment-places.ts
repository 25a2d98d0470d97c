import { FUSED_ACTIVATIONS } from './activation.ts';
import { countPlaces } from './runtime.ts';
import type { LayerPlan, SegmentPlan } from './segment-plan.ts';

/** Rows, segments and columns of what goes in. */
export interface SegmentSize {
  readonly entries: number;
  readonly count: number;
  readonly width: number;
  /** Whether a backward pass follows, which reads the slopes of SiLU. */
  readonly withSlopes: boolean;
}

/** Where a pass keeps what the way back reads: bytes from the begin of the one tensor that keeps all of it. */
export interface SegmentPlaces {
  /** Outputs of each layer by its position, [lines, outputs]; of the folded one `start`. */
  readonly y: readonly number[];
  /** Slopes of SiLU by position, as many; -1: none is kept. */
  readonly slope: readonly number[];
  /** Sums of the last layer over rows, or of the input where there is none: [n, width]. */
  readonly sums: number;
  readonly width: number;
  /** Rows of each segment, [n]. */
  readonly sizes: number;
  /** What the layers over sums start with, [n, startWidth]: the folded layer's outputs, or the sums. */
  readonly start: number;
  readonly startWidth: number;
  /** Columns of the result, and where it lies. */
  readonly outputs: number;
  readonly result: number;
  /** Floats in all. */
  readonly floats: number;
}

/** Finds the places of a pass. */
export function segmentPlaces(
  { rows, folded, sums, lastRow, lastSum }: SegmentPlan,
  { entries, count, width, withSlopes }: SegmentSize,
): SegmentPlaces {
  const y: number[] = [];
  const slope: number[] = [];
  const places = countPlaces();
  const takeLayer = ({ outputs, kind }: LayerPlan, lines: number) => {
    y.push(places.take(lines * outputs));
    slope.push(withSlopes && kind === FUSED_ACTIVATIONS.SiLU ? places.take(lines * outputs) : -1);
  };
  for (const layer of rows) takeLayer(layer, entries);
  const summedWidth = lastRow?.outputs ?? width;
  const summed = places.take(count * summedWidth);
  const sizes = places.take(count);
  if (folded !== null) takeLayer(folded, count);
  const start = folded === null ? summed : (y[folded.position] as number);
  const startWidth = folded?.outputs ?? summedWidth;
  for (const layer of sums) takeLayer(layer, count);
  const result = lastSum === null ? start : (y[lastSum.position] as number);
  return {
    y,
    slope,
    sums: summed,
    width: summedWidth,
    sizes,
    start,
    startWidth,
    outputs: lastSum?.outputs ?? startWidth,
    result,
    floats: places.floats(),
  };
}
