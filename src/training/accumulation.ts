import type { TrainerPlan } from '../contracts/plan.ts';

/** The batches of one epoch that form one optimizer step: [first, end), 0-based. */
export interface AccumulationWindow {
  /** 0-based optimizer step within the epoch. */
  readonly step: number;
  readonly first: number;
  readonly end: number;
}

/** Optimizer steps of an epoch of `batches` batches: a window closes after `accumulate` batches and at the epoch's end (Lightning 2.4). */
export function stepsPerEpoch(batches: number, accumulate: number): number {
  return Math.ceil(batches / accumulate);
}

/** The window that a batch belongs to; the epoch's last one may be short. 5 batches by 2: [0, 2), [2, 4), [4, 5). */
export function windowOf(batch: number, batches: number, accumulate: number): AccumulationWindow {
  const step = Math.floor(batch / accumulate);
  return { step, first: step * accumulate, end: Math.min((step + 1) * accumulate, batches) };
}

/** Whether the optimizer steps after this batch. */
export function closesWindow(batch: number, batches: number, accumulate: number): boolean {
  return (batch + 1) % accumulate === 0 || batch + 1 === batches;
}

/**
 * What the mean loss (or its gradient) of each batch of a window is multiplied by before they are added up.
 * `batchSizes` are the samples of the window's batches, in order.
 *
 * - samples: its share of the window's samples, so that a window equals one batch of all of them, also a short last one. A loss that is a mean
 *   over atoms, edges or the targets that are there equals that batch's only where these are spread evenly.
 * - lightning: 1 / accumulate always, also in a short last window and whatever the batch sizes, as Lightning does.
 */
export function batchWeights(
  batchSizes: readonly number[],
  plan: Pick<TrainerPlan, 'accumulateGradBatches' | 'accumulateNormalization'>,
): readonly number[] {
  if (plan.accumulateNormalization === 'lightning') return batchSizes.map(() => 1 / plan.accumulateGradBatches);
  // Mostly one batch is a window.
  if (batchSizes.length === 1) return [1];
  const samples = batchSizes.reduce((total, size) => total + size, 0);
  return batchSizes.map((size) => size / samples);
}
